"""The folder of a run: whole or not there, one process at a time, nothing lost and nothing followed."""

from __future__ import annotations

import json
import os
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from small_runs import NEW, OLD, content, fill, make

from hnlpeak.core.errors import HnlpeakError, InputDataError, UsageError
from hnlpeak.execution.context import Part
from hnlpeak.formats.manifest import MANIFEST, sha256_of, verify
from hnlpeak.searches.claim import open_run
from hnlpeak.searches.identity import difference
from hnlpeak.searches.lock import locked

pytestmark = pytest.mark.faults

IDENTITY = {"seed": 7}
PART = Part("data", 0, 32, 32_000_000)


def test_a_folder_is_whole_when_its_manifest_is_there(place: Path, tmp_path: Path) -> None:
    with open_run(place, IDENTITY, overwrite=False) as claim:
        fill(claim.stage, OLD)
        assert not (place / "limits.csv").exists()
    record = json.loads((place / MANIFEST).read_text("utf-8"))
    assert record["files"] == {name: sha256_of(place / name) for name in OLD}
    assert record["seed"] == 7
    assert record["particle_masses_mev"]["K+"] == pytest.approx(493.677, abs=0.05)
    assert content(place) == OLD
    with pytest.raises(UsageError, match="finished run"):
        make(place, IDENTITY, NEW)
    (place / "mine.txt").write_text("not of the run", "utf-8")
    (tmp_path / "outside.txt").write_text("not of the folder", "utf-8")
    record["files"]["../outside.txt"] = ""
    (place / MANIFEST).write_text(json.dumps(record), "utf-8")
    make(place, IDENTITY, NEW, overwrite=True)
    assert content(place) == {**NEW, "mine.txt": "not of the run"}
    assert (tmp_path / "outside.txt").exists()
    assert verify(place) == len(NEW)


def fails(place: Path, identity: dict[str, int], error: BaseException, *, saved: bool) -> None:
    """A run that stops with ``error`` after it wrote a result, and perhaps a part."""
    with open_run(place, identity, overwrite=identity != IDENTITY) as claim:
        if saved:
            claim.store.save(PART, {"a": np.arange(3)})
        fill(claim.stage, NEW)
        raise error


def test_overwriting_that_fails_leaves_the_old_result(place: Path) -> None:
    make(place, IDENTITY, OLD)
    with pytest.raises(UsageError, match="no good"):
        fails(place, {"seed": 8}, UsageError("no good"), saved=True)
    assert content(place) == OLD
    verify(place)


@pytest.mark.parametrize(
    ("error", "saved", "left"),
    [
        (KeyboardInterrupt(), True, [".unfinished"]),
        (KeyboardInterrupt(), False, None),
        (HnlpeakError("disk full"), True, [".unfinished"]),
        (UsageError("never"), True, None),
        (InputDataError("never"), True, None),
    ],
)
def test_what_stays_after_an_error(
    place: Path, error: BaseException, saved: bool, left: list[str] | None
) -> None:
    with pytest.raises(type(error)) as caught:
        fails(place, IDENTITY, error, saved=saved)
    assert (sorted(p.name for p in place.iterdir()) if place.exists() else None) == left
    notes = getattr(caught.value, "__notes__", [])
    assert ("the same command resumes" in " ".join(notes)) == bool(left)
    if left:
        with pytest.raises(UsageError, match=r"something else than this run \(seed 7, now 8\)"):
            make(place, {"seed": 8}, NEW)
        with open_run(place, IDENTITY, overwrite=False) as claim:
            kept = claim.store.load(PART)
            assert kept is not None
            assert kept["a"].tolist() == [0, 1, 2]
            assert list(claim.stage.iterdir()) == []
            fill(claim.stage, NEW)
        assert content(place) == NEW


def test_a_resume_with_other_versions_is_refused_in_one_line(place: Path) -> None:
    before = {"versions": {"numpy": "2.0.0", "numba": "0.61"}, "constants": "a", "cards": {"analyses/x": "1"}}
    now = {"versions": {"numpy": "2.1.0", "numba": "0.61"}, "constants": "b", "cards": {"analyses/x": "2"}}
    said = difference(before, now)
    assert said == "another analyses/x; other masses and lifetimes; numpy 2.0.0, now 2.1.0"
    assert difference(before, dict(before)) == ""
    with pytest.raises(HnlpeakError):
        fails(place, before, HnlpeakError("disk full"), saved=True)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"numpy 2\.0\.0, now 2\.1\.0\); give another folder or --overwrite"):
        make(place, now, NEW)
    make(place, now, NEW, overwrite=True)
    assert content(place) == NEW


def test_an_identity_that_is_damaged_costs_no_parts(place: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fails(place, IDENTITY, KeyboardInterrupt(), saved=True)
    (place / ".unfinished" / "identity.json").write_bytes(b"\xff\x00[")
    with open_run(place, IDENTITY, overwrite=False) as claim:
        assert claim.store.load(PART) is not None
        fill(claim.stage, NEW)


LINKED = [".lock", ".unfinished", ".publish", ".redraw", "figures", "figures/data"]


@pytest.mark.parametrize("name", LINKED)
def test_links_inside_are_refused(name: str, place: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("kept", "utf-8")
    (place / name).parent.mkdir(parents=True)
    target = outside / "precious" if name == ".lock" else outside
    (place / name).symlink_to(target)
    with pytest.raises(UsageError, match=name):
        make(place, IDENTITY, NEW, overwrite=True)
    assert (place / name).is_symlink()
    assert content(outside) == {"precious": "kept"}


@pytest.mark.parametrize("spelling", ["link", "link/", "link/.", "link/sub/.."])
def test_a_folder_that_is_a_link_is_refused_however_it_is_spelled(spelling: str, tmp_path: Path) -> None:
    (tmp_path / "real" / "sub").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(UsageError, match="is a symbolic link to real"):
        make(Path(f"{tmp_path}/{spelling}"), IDENTITY, NEW, overwrite=True)
    assert content(tmp_path / "real") == {}


def test_a_link_that_appears_while_the_run_is_under_way_is_refused(place: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()

    def run() -> None:
        with open_run(place, IDENTITY, overwrite=False) as claim:
            fill(claim.stage, NEW)
            (place / "figures").symlink_to(tmp_path / "outside")

    with pytest.raises(UsageError, match="figures: is a symbolic link"):
        run()
    assert content(tmp_path / "outside") == {}


def test_a_file_in_the_place_of_a_folder(place: Path) -> None:
    place.write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="is a file, expected a folder"):
        make(place, IDENTITY, NEW, overwrite=True)
    assert place.read_text("utf-8") == "mine"


def test_a_folder_is_held_by_one_run_at_a_time(place: Path) -> None:
    with open_run(place, IDENTITY, overwrite=False) as claim:
        for _ in range(2):  # the refused one must not take the lock away
            with pytest.raises(HnlpeakError, match="another run"):
                make(place, IDENTITY, NEW, overwrite=True)
        fill(claim.stage, NEW)
    assert content(place) == NEW


def _enter_often(place: Path, times: int) -> int:
    """Enter as often as the lock lets us; how often somebody else was inside as well."""
    clashes = 0
    for _ in range(times):
        try:
            with locked(place):
                try:
                    os.mkdir(place / "inside")
                except FileExistsError:
                    clashes += 1
                else:
                    os.rmdir(place / "inside")
        except HnlpeakError:
            pass
    return clashes


def test_two_processes_are_never_both_inside(place: Path) -> None:
    """The lock is a file that is removed under the lock: who opened it before must notice."""
    place.mkdir()
    with get_context("fork").Pool(3) as pool:
        assert pool.starmap(_enter_often, [(place, 3000)] * 3) == [0, 0, 0]


def test_two_processes_where_the_folder_comes_and_goes(place: Path) -> None:
    with get_context("fork").Pool(3) as pool:
        assert pool.starmap(_enter_often, [(place, 1000)] * 3) == [0, 0, 0]
