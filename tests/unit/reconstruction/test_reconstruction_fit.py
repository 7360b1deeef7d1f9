"""The track fit: exact without noise, and with noise the generalised least squares of textbooks.

The oracle builds the covariance of the points from the card's matter and solves with NumPy's linear algebra.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import hits

P_MIN = 1e-6
SETUPS = {name: hits.setup(name) for name in ("na62-2015", "na62-2007")}


def chambers(array: NDArray[Any]) -> NDArray[np.float64]:
    return np.array(array[0]["chamber_z"][: array[0]["n_chambers"]])


def fitted(array: NDArray[Any], x: Any, y: Any, **hit: Any) -> dict[str, float] | None:
    (event,) = hits.events(1)
    return hits.fit(array, hits.add_particle(event, x, y, **hit))


@pytest.mark.parametrize("name", SETUPS)
@pytest.mark.parametrize("charge", [1, -1])
@pytest.mark.parametrize(
    ("p", "x", "y", "tx", "ty"),
    [
        (10e3, -200.0, 130.0, 3e-3, -4e-3),
        (35e3, 150.0, -90.0, -8e-3, 1e-3),
        (74e3, 0.0, 0.0, 1.2e-3, 0.0),
        (5e3, 40.0, 300.0, 2e-2, 1.5e-2),
    ],
)
def test_a_track_without_noise_is_recovered_to_the_last_digits(
    name: str, charge: int, p: float, x: float, y: float, tx: float, ty: float
) -> None:
    array = SETUPS[name]
    track = fitted(array, *hits.points(array, p, charge, x, y, tx, ty))
    assert track is not None
    assert track["charge"] == charge
    assert track["points"] == len(chambers(array))
    assert track["p"] == pytest.approx(p, rel=1e-8)
    for field, value in {"x": x, "y": y}.items():
        assert track[field] == pytest.approx(value, abs=1e-8)
    for field, value in {"tx": tx, "ty": ty}.items():
        assert track[field] == pytest.approx(value, abs=1e-12)
    assert track["z"] == chambers(array)[0]
    direction = np.array([tx, ty, 1.0]) / np.sqrt(1.0 + tx * tx + ty * ty)
    assert [track[i] for i in ("px", "py", "pz")] == pytest.approx(p * direction, rel=1e-7, abs=1e-5)
    assert track["chi2"] < 1e-7  # the difference of numbers of 1e6


@pytest.mark.parametrize("lost", range(4))
def test_a_point_may_be_missing_where_the_card_allows_it(lost: int) -> None:
    """Three points hold x, slope and kink exactly; y keeps one degree of freedom."""
    array = hits.setup(min_chambers=3)
    x, y = hits.points(array, 20e3, 1, 30.0, -50.0, 4e-3, 2e-3)
    x[lost], y[lost] = 1e4, -1e4  # what stands in a missing point is not read
    if lost < 2:
        assert fitted(array, x, y, missing=[lost]) is None  # one point before the magnet makes no slope
        return
    track = fitted(array, x, y, missing=[lost])
    assert track is not None
    assert track["points"] == 3
    assert track["p"] == pytest.approx(20e3, rel=1e-8)
    assert fitted(SETUPS["na62-2015"], x, y, missing=[lost]) is None  # the card asks for four


def test_points_on_one_side_of_the_magnet_make_no_track() -> None:
    array = hits.setup(min_chambers=2)
    x, y = hits.points(array, 20e3, 1, 30.0, -50.0, 4e-3, 2e-3)
    assert fitted(array, x, y, missing=[2, 3]) is None
    assert fitted(array, x, y, missing=[0, 1]) is None
    straight = np.zeros(4)
    assert fitted(array, straight, straight) is None  # no kink, no momentum


def covariance(array: NDArray[Any], p: float, variance: float) -> NDArray[np.float64]:
    """Resolution on the diagonal; scattering of each layer moves all points behind it in common."""
    row, z = array[0], chambers(array)
    matrix = variance * np.eye(z.size)
    for layer, weight in zip(
        row["layer_z"][: row["n_layers"]], row["layer_weight"][: row["n_layers"]], strict=True
    ):
        lever = np.maximum(0.0, z - layer)
        matrix += (13.6 / p) ** 2 * weight * np.outer(lever, lever)
    return matrix


def least_squares(
    design: NDArray[np.float64], matrix: NDArray[np.float64], measured: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Parameters, their covariance and chi2."""
    inverse = np.linalg.inv(matrix)
    errors = np.linalg.inv(design.T @ inverse @ design)
    parameters = errors @ design.T @ inverse @ measured
    residuals = measured - design @ parameters
    return parameters, errors, float(residuals @ inverse @ residuals)


def designs(array: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    z = chambers(array)
    line = np.column_stack([np.ones(z.size), z - z[0]])
    return np.column_stack([line, np.maximum(0.0, z - array[0]["magnet_z"])]), line


@pytest.mark.parametrize("name", SETUPS)
@pytest.mark.parametrize(("variance", "variance_y"), [(0.0085, 0.0085), (0.0085, 0.04), (0.05, 0.002)])
@pytest.mark.parametrize("p", [8e3, 60e3])
def test_fit_is_generalised_least_squares(name: str, variance: float, variance_y: float, p: float) -> None:
    """Parameters and chi2 with scattering correlations, x and y with different errors."""
    array = SETUPS[name]
    in_x, in_y = designs(array)
    true = hits.points(array, p, 1, 20.0, -10.0, 2e-3, -1e-3)
    noise = np.random.default_rng(11).normal(size=(2, in_x.shape[0]))
    x, y = true[0] + variance**0.5 * noise[0], true[1] + variance_y**0.5 * noise[1]
    track = fitted(array, x, y, variance=variance, variance_y=variance_y)
    assert track is not None
    (x0, tx, bend), _, chi2_x = least_squares(in_x, covariance(array, p, variance), x)
    (y0, ty), _, chi2_y = least_squares(in_y, covariance(array, p, variance_y), y)
    # the fit takes its own first guess of the momentum for the scattering: a per cent of what noise moves
    for field, value, plain in (("x", x0, x[0]), ("y", y0, y[0])):
        assert track[field] == pytest.approx(value, abs=0.03 * abs(value - plain) + 1e-6)
    assert track["tx"] == pytest.approx(tx, abs=1e-7)
    assert track["ty"] == pytest.approx(ty, abs=1e-7)
    assert track["bend"] == pytest.approx(bend, abs=2e-7)
    assert track["chi2"] == pytest.approx(chi2_x + chi2_y, rel=0.03)


@pytest.mark.parametrize("name", SETUPS)
@pytest.mark.parametrize(("variance", "variance_y"), [(0.0085, 0.0085), (0.0085, 0.04)])
@pytest.mark.parametrize("p", [6e3, 70e3])
def test_four_points_are_fitted_as_any_number_is(
    name: str, variance: float, variance_y: float, p: float
) -> None:
    """What vanishes on every track leads to the track that normal equations lead to."""
    array, plain = SETUPS[name], hits.setup(name)
    plain = np.array(plain)
    assert plain["four_points"]["usable"][0] == 1
    plain["four_points"]["usable"] = 0
    plain.setflags(write=False)
    true = hits.points(array, p, -1, 20.0, -10.0, 2e-3, -1e-3)
    for noise in np.random.default_rng(5).normal(scale=0.3, size=(20, 2, len(true[0]))):
        x, y = true[0] + noise[0], true[1] + noise[1]
        quick = fitted(array, x, y, variance=variance, variance_y=variance_y)
        slow = fitted(hits.records(plain), x, y, variance=variance, variance_y=variance_y)
        assert quick is not None
        assert slow is not None
        for field, value in slow.items():
            assert quick[field] == pytest.approx(value, rel=1e-7, abs=1e-10), field


@pytest.mark.parametrize("name", SETUPS)
def test_pulls_and_chi2_of_noisy_tracks(name: str) -> None:
    """2 x 4 points less five parameters; pulls of slope, position and curvature are standard normal."""
    array, p, variance, n = SETUPS[name], 25e3, 0.0085, 600
    in_x, in_y = designs(array)
    matrix = covariance(array, p, variance)
    generator = np.random.default_rng(12)
    true_x, true_y = hits.points(array, p, 1, 100.0, 50.0, 1e-3, 3e-3)
    found = [
        fitted(array, true_x + dx, true_y + dy, variance=variance)
        for dx, dy in zip(*generator.multivariate_normal(np.zeros(len(true_x)), matrix, (2, n)), strict=True)
    ]
    table = {
        field: np.array([track[field] for track in found if track])
        for field in ("x", "tx", "p", "ty", "chi2")
    }
    errors_x = least_squares(in_x, matrix, true_x)[1]
    errors_y = least_squares(in_y, matrix, true_y)[1]
    kick = abs(array[0]["magnet_kick"])
    # 1/p is the change of slope over the kick, to first order in the slopes
    curvature = np.sqrt(errors_x[2, 2]) / kick
    pulls = {
        "x": (table["x"] - 100.0) / np.sqrt(errors_x[0, 0]),
        "tx": (table["tx"] - 1e-3) / np.sqrt(errors_x[1, 1]),
        "ty": (table["ty"] - 3e-3) / np.sqrt(errors_y[1, 1]),
        "1/p": (1.0 / table["p"] - 1.0 / p) / curvature,
    }
    for field, pull in pulls.items():
        assert stats.kstest(pull, "norm").pvalue > P_MIN, field
        assert pull.std() == pytest.approx(1.0, abs=5.0 / np.sqrt(2.0 * n)), field
    freedom = 2 * len(true_x) - 5
    assert stats.kstest(table["chi2"], stats.chi2(freedom).cdf).pvalue > P_MIN


def test_a_kink_between_the_chambers_shows_in_chi2() -> None:
    """A decay before the second chamber cannot be fitted away."""
    array = SETUPS["na62-2015"]
    x, y = hits.points(array, 25e3, 1, 0.0, 0.0, 1e-3, 0.0)
    z = chambers(array)
    kink = 1e-3 * np.maximum(0.0, z - (z[0] + 5e3))
    track = fitted(array, x + kink, y + kink, variance=0.0085)
    assert track is not None
    assert track["chi2"] > 100.0
