"""Write ``hs3_pyhs3.csv``: log-likelihoods of the documents of ``hs3_documents.json`` as pyhs3 evaluates them.

pyhs3 0.4.2 (PyPI) needs an older numba than this package, so it runs in an environment of its own, on documents that
are written beside it:

    python tests/reference/make_hs3_pyhs3.py documents     # here: hs3_documents.json, by our export
    python tests/reference/make_hs3_pyhs3.py likelihoods   # where pyhs3 is: hs3_pyhs3.csv
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DOCUMENTS, VALUES = HERE / "hs3_documents.json", HERE / "hs3_pyhs3.csv"
COUNTS = (
    ("m200p5", 12.0, 9.5, 1.25, "gaussian"),
    ("m300", 4.0, 3.3, 0.6, "poisson"),
    ("m350", 2.0, 0.0, 0.8, "poisson"),
    ("m400", 0.0, 1.5, 0.0, "gaussian"),
)
SIGNALS = (0.0, 0.5, 2.5, 7.0)
SHIFTS = (-1.5, 0.0, 0.7, 2.0)
"""Of the background from b, in sigma."""


def documents():
    """Return the document of each of ``COUNTS`` as our export makes it."""
    from hnlpeak.formats.export.hs3 import Counting, document

    return [document(iter([Counting(*row, 5.0)]), "test") for row in COUNTS]


def likelihoods():
    """Yield rows of name, signal, nuisance parameter, log-likelihood."""
    import numpy as np
    import pyhs3

    for (name, _, b, sigma, constraint), made in zip(
        COUNTS, json.loads(DOCUMENTS.read_text("utf-8")), strict=True
    ):
        space = pyhs3.Workspace(**made)
        model = space.model(space.analyses[0])
        data = {
            f"{d['name'].removeprefix('observed_')}_observed": np.array(d["contents"]) for d in made["data"]
        }
        for signal in SIGNALS:
            for shift in SHIFTS if sigma else (0.0,):
                events = b + sigma * shift
                if events <= 0.0:
                    continue
                nuisance = shift if constraint == "gaussian" else events
                given = {
                    **data,
                    f"n_signal_{name}": np.array(signal),
                    f"background_{name}": np.array(nuisance),
                }
                total = 0.0
                for distribution in made["distributions"]:
                    one = distribution["name"]
                    needed = {
                        key: v
                        for key, v in given.items()
                        if not key.endswith("_observed") or key.startswith(one)
                    }
                    if not sigma:
                        needed.pop(f"background_{name}")
                    if one.startswith("control"):
                        needed.pop(f"n_signal_{name}")
                    total += float(np.sum(model.logpdf_unsafe(one, **needed)))
                yield name, signal, nuisance, f"{total:.15g}"


if __name__ == "__main__":
    if sys.argv[1] == "documents":
        DOCUMENTS.write_text(json.dumps(documents(), indent=1) + "\n", "utf-8")
    else:
        with VALUES.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("name", "n_signal", "background", "log_likelihood"))
            writer.writerows(likelihoods())
