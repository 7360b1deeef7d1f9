"""Mutated inputs through every reader: an answer or one line with exit code 2 or 3, in bounded time and memory.

``python tests/fuzz/fuzz.py --number 2000 --seed 1`` is the marked test; more with other seeds and numbers. Each failure
is printed with what makes it again: ``--only KIND --seed S --case I --keep FILE`` writes that input.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import io
import json
import resource
import signal
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import hist
import numpy as np
import uproot
from hist.serialization import to_uhi
from uhi.io.json import default

from hnlpeak.cli.counting_rows import Defaults, read_rows
from hnlpeak.core.card import card_text
from hnlpeak.core.errors import HnlpeakError
from hnlpeak.experiment.analysis import Analysis, load_analysis
from hnlpeak.experiment.experiment import load_experiment
from hnlpeak.formats import uhi_hdf5
from hnlpeak.formats.candidates import CandidateFile, required_columns
from hnlpeak.formats.curve_file import read_curve
from hnlpeak.formats.ntuple import write_ntuple
from hnlpeak.formats.rate_table import read_rate_table
from hnlpeak.formats.signal_table import read_signal_table
from hnlpeak.formats.spectrum_file import read_spectrum

SECONDS = 10
"""Of CPU time for one input; a machine may be busy."""
PATIENCE = 200
"""Seconds of waiting for what takes none: a pipe, a lock."""
MEMORY = 1 << 30
LONGEST = 2000
"""Characters of a message; the command cuts it to 300."""

NASTY = [
    *(b"", b"nan", b"inf", b"-1", b"0", b"1e400", b"-1e308", b"2.999", b"1e-320", b"true", b"null", b'"x"'),
    *(b"[]", b"{}", b"9" * 5001, b"1_000", b"0x10", b"[" * 2000, b"{" * 2000, b"\x00", b"\xff\xfe", b"'"),
    *(b"\xed\xa0\x80", b"$\\foo$", b"a" * 10_000, b"=1+1", b"1,5", b"\n", b";", b"\t", b"#", b'"'),
    *(b"a.b.c.d", b"\\ud800", b"1000000000", b"3.5 GeV"),
]


class Kind(NamedTuple):
    """A kind of input: how its file is called, a good one, and who reads it."""

    suffix: str
    good: bytes
    read: Callable[[Path], object]
    text: bool


def _histogram() -> hist.Hist[Any]:
    made: hist.Hist[Any] = hist.Hist(hist.axis.Regular(30, -100.0, 500.0, name="m", label="m [MeV]"))
    made.view()[...] = np.arange(30.0)
    return made


def _written(write: Callable[[Path], None], suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"good{suffix}"
        write(path)
        return path.read_bytes()


def _root_histogram(path: Path) -> None:
    with uproot.recreate(path) as file:
        file["m"] = _histogram()


def _columns(analysis: Analysis) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name: rng.normal(100.0, 10.0, 500) for name in [*required_columns(analysis.card), "weight"]}


def _rntuple(analysis: Analysis) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        columns = _columns(analysis)
        with uproot.recreate(path) as file:
            file.mkrntuple("hnl", dict.fromkeys(columns, "float64")).extend(columns)

    return write


def _zip() -> bytes:
    from uhi.io.zip import write

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        write(archive, "mass", to_uhi(_histogram()))
    return out.getvalue()


def _hdf5(path: Path) -> None:
    import h5py
    from uhi.io.hdf5 import write

    with h5py.File(path, "w") as file:
        write(file.create_group("mass"), to_uhi(_histogram()))


def kinds() -> dict[str, Kind]:
    """All kinds of inputs, those of optional packages where these are installed."""
    analysis = load_analysis("na62-2015-ke2")
    uhi = json.dumps(to_uhi(_histogram()), default=default).encode()
    bins = "low_mev,high_mev,count\n" + "".join(f"{10 * i - 100},{10 * i - 90},{i}\n" for i in range(50))
    signal_rows = "m_n_mev,sigma_mev,acceptance,n_kaon\n" + "".join(
        f"{m},{3},0.2,3e8\n" for m in range(170, 450, 20)
    )
    hepdata = "#: name: x\nM [GEV],M [GEV] LOW,M [GEV] HIGH,DATA\n0.1,0.0,0.2,5\n0.3,0.2,0.4,6\n"
    metadata = {"simulated": False, "sources": ["data"], "decays_in_fiducial": 1e6, "label": "x"}

    def tree(path: Path) -> None:
        write_ntuple(path, _columns(analysis), metadata=metadata)

    def candidates(path: Path) -> None:
        for _ in CandidateFile(path, analysis).chunks():
            pass

    def curve(path: Path) -> object:
        return read_curve(path, flavour="e")

    def rows(path: Path) -> object:
        return read_rows(path, ("n",), Defaults(1.0, 0.0, 0.9, "rolke-lopez", None))

    def signal_table(path: Path) -> object:
        return read_signal_table(path, window=1.0, masses=[180.0, 400.0])

    found = {
        "analysis": Kind(".toml", card_text("na62-2015-ke2").encode(), load_analysis, True),
        "experiment": Kind(".toml", card_text("na62-2015").encode(), load_experiment, True),
        "uhi": Kind(".json", uhi, read_spectrum, True),
        "uhi-gz": Kind(".json.gz", gzip.compress(uhi, mtime=0), read_spectrum, False),
        "uhi-zip": Kind(".zip", _zip(), read_spectrum, False),
        "table": Kind(".csv", bins.encode(), read_spectrum, True),
        "table-semicolon": Kind(".csv", bins.replace(",", ";").encode(), read_spectrum, True),
        "hepdata": Kind(".csv", hepdata.encode(), read_spectrum, True),
        "curve": Kind(
            ".dat", b"# m4 (MeV) Ue4^2\n150.5 2e-5\n200 MeV 1e-8\n\n300 -\n400 1e-9 remark\n", curve, True
        ),
        "curve-comma": Kind(".csv", b"mass [GeV];limit\n0,15;1,0e-6\n0,25;1,0e-7\n0,35;2e-7\n", curve, True),
        "counting": Kind(
            ".csv", b"n,b,sigma_b,method\n4,3.3,0.6,cls\n0,1,0.1,rolke-lopez\n9,2,0,\n", rows, True
        ),
        "rates": Kind(
            ".csv", b"m_x_mev,branching_fraction\n150,1e-7\n250,2e-7\n350,1e-7\n", read_rate_table, True
        ),
        "signal": Kind(".csv", signal_rows.encode(), signal_table, True),
        "root-histogram": Kind(".root", _written(_root_histogram, ".root"), read_spectrum, False),
        "tree": Kind(".root", _written(tree, ".root"), candidates, False),
        "rntuple": Kind(".root", _written(_rntuple(analysis), ".root"), candidates, False),
    }
    with contextlib.suppress(ImportError):
        found["uhi-hdf5"] = Kind(".h5", _written(_hdf5, ".h5"), read_spectrum, False)
    with contextlib.suppress(ImportError):
        import yaml

        record = {
            "independent_variables": [
                {
                    "header": {"name": "m", "units": "MeV"},
                    "values": [{"low": 0, "high": 1}, {"low": 1, "high": 2}],
                }
            ],
            "dependent_variables": [{"header": {"name": "events"}, "values": [{"value": 3}, {"value": 4}]}],
        }
        found["hepdata-yaml"] = Kind(".yaml", yaml.safe_dump(record).encode(), read_spectrum, True)
    return found


def _cut(rng: np.random.Generator, data: bytes) -> bytes:
    return data[: int(rng.integers(0, len(data) + 1))]


def _flip(rng: np.random.Generator, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        if out:
            out[int(rng.integers(len(out)))] ^= 1 << int(rng.integers(8))
    return bytes(out)


def _overwrite(rng: np.random.Generator, data: bytes) -> bytes:
    place, width = int(rng.integers(len(data) + 1)), int(rng.choice([1, 2, 4, 8]))
    value = bytes(rng.choice([0, 0x7F, 0x80, 0xFF], size=width).astype(np.uint8))
    return data[:place] + value + data[place + width :]


def _token(rng: np.random.Generator, data: bytes) -> bytes:
    """One word of the text becomes something nasty."""
    starts = [
        i
        for i in range(1, len(data))
        if data[i - 1 : i] in b' ,:;\t\n["=' and data[i : i + 1] not in b" ,:;\t\n"
    ]
    if not starts:
        return data
    a = int(rng.choice(starts))
    b = a
    while b < len(data) and data[b] not in b",:;\t\n]}=":
        b += 1
    return data[:a] + NASTY[int(rng.integers(len(NASTY)))] + data[b:]


def _lines(rng: np.random.Generator, data: bytes) -> bytes:
    lines = data.split(b"\n")
    i, j = (int(rng.integers(len(lines))) for _ in range(2))
    action = int(rng.integers(4))
    if action == 0:
        del lines[i]
    elif action == 1:
        lines[i], lines[j] = lines[j], lines[i]
    elif action == 2:
        lines[i:i] = lines[j : j + int(rng.integers(1, 6))] * int(rng.integers(1, 200))
    else:
        lines[i] = NASTY[int(rng.integers(len(NASTY)))] + lines[i]
    return b"\n".join(lines)


def _splice(rng: np.random.Generator, data: bytes) -> bytes:
    a, b, c = sorted(int(rng.integers(len(data) + 1)) for _ in range(3))
    return data[:b] + data[a:c] + data[c:]


BINARY = [_cut, _flip, _flip, _overwrite, _overwrite, _splice]
TEXT = [_token, _token, _token, _token, _token, _lines, _lines, _cut, _flip, _splice]


def mutated(kind: Kind, seed: int, case: int) -> bytes:
    """The input of ``case``: the same for the same seed, whatever else is tried."""
    rng = np.random.Generator(np.random.Philox(key=[seed, case]))
    data = kind.good
    actions = TEXT if kind.text else BINARY
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        data = actions[int(rng.integers(len(actions)))](rng, data)
    return data


class Hang(BaseException):
    """Nothing in the readers may catch it."""


def _alarm(_number: int, _frame: FrameType | None) -> None:
    raise Hang


def judged(kind: Kind, path: Path) -> str:
    """Read ``path``; the empty text where all is as promised, else what is not."""
    signal.alarm(PATIENCE)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    begun = time.process_time()
    try:
        kind.read(path)
    except HnlpeakError as error:
        message = str(error)
        if error.exit_code not in (2, 3):
            return f"exit code {error.exit_code}: {message[:200]}"
        if "\n" in message.strip() or len(message) > LONGEST:
            return f"message of {len(message)} characters: {message[:200]!r}"
        if "memory" in message:
            return f"memory: {message[:200]}"
    except Hang:
        return f"longer than {SECONDS} s of CPU time, or stuck"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0.0)
    spent = time.process_time() - begun
    return f"{spent:.0f} s" if spent > SECONDS / 2 else ""


def main() -> int:
    """Try many; 0 where all was as promised."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--number", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("--case", type=int)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    everything = kinds()
    names = [given.only] if given.only else list(everything)
    if given.keep is not None:
        given.keep.write_bytes(mutated(everything[given.only], given.seed, given.case))
        return 0
    uhi_hdf5.SECONDS = float(SECONDS)  # a process of its own reads these
    signal.signal(signal.SIGALRM, _alarm)
    signal.signal(signal.SIGPROF, _alarm)
    used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, resource.RLIM_INFINITY))
    failures: dict[str, list[str]] = {name: [] for name in names}
    cases = range(given.number) if given.case is None else [given.case]
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            name = names[case % len(names)]
            path = Path(folder) / f"input{everything[name].suffix}"
            path.write_bytes(mutated(everything[name], given.seed, case))
            wrong = judged(everything[name], path)
            if wrong:
                failures[name].append(f"--only {name} --seed {given.seed} --case {case}: {wrong}")
    for name in names:
        tries = len([case for case in cases if names[case % len(names)] == name])
        print(f"{name:<16} {tries:>6} tries {len(failures[name]):>4} failures")
        for line in failures[name][:10]:
            print(f"    {line}")
    return 1 if any(failures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
