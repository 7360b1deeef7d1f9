"""``hnlpeak compare`` on folders of finished searches."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from command import Command, few_figures
from hnlpeak.limits.published import published

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, card: Path, hnlpeak: Command) -> list[Path]:
    """One spectrum by two methods, at the ten masses of the small card."""
    place = tmp_path_factory.mktemp("two")
    made = [place / "profile", place / "cls"]
    for folder, more in zip(made, ([], ["--method", "cls"]), strict=True):
        given = ("--analysis", card, "--signal", EXAMPLES / "signal.csv")
        with few_figures():
            done = hnlpeak("scan", EXAMPLES / "spectrum.csv", *given, "-o", folder, *more)
        assert done.code == 0, done.err
    return made


def test_limits_are_laid_over_each_other(hnlpeak: Command, folders: list[Path], tmp_path: Path) -> None:
    done = hnlpeak("compare", *folders, "--label", "profile", "--label", "CLs", "-o", tmp_path / "out")
    assert (done.code, done.out) == (0, "")
    assert "profile: rolke-lopez: two-sided 90 % interval, bounded" in done.err
    assert "the limits are not of one kind" in done.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "compare.csv",
        "compare.pdf",
        "compare.png",
        "compare.svg",
    ]
    rows = list(csv.DictReader((tmp_path / "out" / "compare.csv").read_text("utf-8").splitlines()))
    assert [float(row["m_n_mev"]) for row in rows] == [220.0 + 20.0 * i for i in range(10)]
    limits = [list(csv.DictReader((f / "limits.csv").read_text("utf-8").splitlines())) for f in folders]
    row, one, two = rows[4], limits[0][4], limits[1][4]
    assert float(row["u2_ul_expected_profile"]) == pytest.approx(float(one["u2_ul_expected"]), rel=1e-12)
    ratio = float(two["u2_ul_observed"]) / float(one["u2_ul_observed"])
    assert float(row["observed_ratio_CLs"]) == pytest.approx(ratio, rel=1e-10)


def test_folders_name_themselves(hnlpeak: Command, folders: list[Path], tmp_path: Path) -> None:
    done = hnlpeak("compare", *folders, "-o", tmp_path / "out")
    assert done.code == 0
    assert "cls over profile: expected limits 1.0" in done.err


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--label", "a"], 2, "got 1 labels for 2 folders"),
        (["--label", "a", "--label", "a"], 2, "distinct"),
        (["nowhere"], 3, "nowhere"),
    ],
)
def test_errors_are_one_line(
    hnlpeak: Command, folders: list[Path], tmp_path: Path, more: list[str], code: int, said: str
) -> None:
    done = hnlpeak("compare", *folders, *more, "-o", tmp_path / "out")
    assert (done.code, done.err.count("\n")) == (code, 1)
    assert said in done.err
    assert not (tmp_path / "out").exists()


def test_one_folder_is_compared_with_earlier_limits(
    hnlpeak: Command, folders: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = hnlpeak("compare", folders[0], "--before", 2017, "--curve", "na62-2015-e", "-o", out)
    assert (done.code, done.out) == (0, "")
    rows = list(csv.DictReader((out / "earlier.csv").read_text("utf-8").splitlines()))
    kek = published("kek-e")
    limits = list(csv.DictReader((folders[0] / "limits.csv").read_text("utf-8").splitlines()))
    ratios = [
        float(row["u2_ul_expected"]) / kek.limit(mass)
        for row in limits
        if row["u2_ul_expected"] and kek.covers(mass := float(row["m_n_mev"]))
    ]
    ours, theirs = rows[0], rows[-1]
    assert (ours["earlier"], int(ours["masses"])) == ("kek-e", len(ratios))
    assert int(ours["below"]) == sum(ratio < 1.0 for ratio in ratios)
    assert float(ours["most"]) == pytest.approx(max(ratios), rel=1e-9)
    assert theirs["label"] == "na62-2015-e"
    assert 0.0 < float(theirs["median"]) < 1.0  # a published improvement
    assert f"na62-2015-e against kek-e: below at {theirs['below']} of {theirs['masses']} masses" in done.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--curve", "kek-mu"], "kek-mu is a limit on |U_mu4|^2"),
        (["--curve", "nothing"], "nothing"),
        (["--before", 1950], "published before 1950"),
    ],
)
def test_curves_that_cannot_be_compared(
    hnlpeak: Command, folders: list[Path], tmp_path: Path, more: list[object], said: str
) -> None:
    done = hnlpeak("compare", folders[0], *more, "-o", tmp_path / "out")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert said in done.err
    assert not (tmp_path / "out").exists()


def test_earlier_limits_are_for_one_folder(hnlpeak: Command, folders: list[Path], tmp_path: Path) -> None:
    done = hnlpeak("compare", *folders, "--before", 2000, "-o", tmp_path / "out")
    assert (done.code, "give one folder" in done.err) == (2, True)
