"""Select the rows of the shared reference intervals that the seven models of TRolke are tested on.

Origin: reference/rolke_lopez.json of the shared documents. ``exact``: roots of the profile likelihood from an
independent high-precision solver; ``compat``: the same roots with TRolke's rules; ``trolke``: ROOT 6.40.00,
class TRolke, kept only where it agrees with the exact roots; ``physical``: the exact roots with Gaussian
parameters restricted to values >= 0. Run: python tests/reference/make_rolke_lopez.py
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[2] / "shared" / "reference" / "rolke_lopez.json"
FIELDS = (
    "id", "model", "n", "background", "b1", "b2", "efficiency", "e1", "e2", "cl", "bounded", "status",
    "exact_lower", "exact_upper", "physical_status", "physical_lower", "physical_upper",
    "compat_lower", "compat_upper", "trolke_lower", "trolke_upper",
)  # fmt: skip
# TRolke's number of the model: kinds of background and efficiency with the names of their parameters
MODELS = {
    1: (("poisson", "y", "tau"), ("binomial", "z", "m")),
    2: (("poisson", "y", "tau"), ("gaussian", "em", "sde")),
    3: (("gaussian", "bm", "sdb"), ("gaussian", "em", "sde")),
    4: (("poisson", "y", "tau"), ("known", "e", "")),
    5: (("gaussian", "bm", "sdb"), ("known", "e", "")),
    6: (("known", "b", ""), ("binomial", "z", "m")),
    7: (("known", "b", ""), ("gaussian", "em", "sde")),
}


def flat(row: dict) -> dict:
    """One row with the same names for every model; empty where a number does not exist."""
    p, trusted = row["params"], row["verdict"] == "exact"
    (background, b1, b2), (efficiency, e1, e2) = MODELS[row["model"]]
    return {
        "id": row["id"], "model": row["model"], "n": row["x"],
        "background": background, "b1": p[b1], "b2": p.get(b2, ""),
        "efficiency": efficiency, "e1": p[e1], "e2": p.get(e2, ""),
        "cl": row["cl"], "bounded": int(row["bounded"]),
        "status": row["exact"]["status"],
        "exact_lower": row["exact"]["lo"], "exact_upper": row["exact"]["hi"],
        "physical_status": row["physical"]["status"],
        "physical_lower": row["physical"]["lo"], "physical_upper": row["physical"]["hi"],
        "compat_lower": row["compat"]["lo"], "compat_upper": row["compat"]["hi"],
        "trolke_lower": row["trolke"]["lo"] if trusted else "",
        "trolke_upper": row["trolke"]["hi"] if trusted else "",
    }  # fmt: skip


def main() -> None:
    kinds = defaultdict(list)
    for row in json.loads(SOURCE.read_text())["rows"]:
        kinds[row["model"], row["group"], row["exact"]["status"], row["verdict"], row["bounded"]].append(row)
    kept = [row for kind in kinds.values() for row in (kind if len(kind) <= 4 else kind[::2])]
    with (HERE / "rolke_lopez.csv").open("w", newline="") as file:
        file.write("# Origin and selection: make_rolke_lopez.py\n")
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat(row) for row in sorted(kept, key=lambda row: row["id"]))


if __name__ == "__main__":
    main()
