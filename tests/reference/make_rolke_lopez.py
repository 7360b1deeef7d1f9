"""Select the rows of the shared reference intervals that models 3, 5 and 7 are tested on.

Origin: reference/rolke_lopez.json of the shared documents. ``exact``: roots of the profile likelihood from an
independent high-precision solver; ``compat``: the same roots with TRolke's rules; ``trolke``: ROOT 6.40.00,
class TRolke, kept only where it agrees with the exact roots. Run: python tests/reference/make_rolke_lopez.py
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[2] / "shared" / "reference" / "rolke_lopez.json"
FIELDS = (
    "id", "model", "n", "b", "sigma_b", "e", "sigma_e", "cl", "bounded", "status",
    "exact_lower", "exact_upper", "compat_lower", "compat_upper", "trolke_lower", "trolke_upper",
)  # fmt: skip


def flat(row: dict) -> dict:
    """One row with the same names for every model; empty where a number does not exist."""
    p, trusted = row["params"], row["verdict"] == "exact"
    return {
        "id": row["id"], "model": row["model"], "n": row["x"],
        "b": p.get("bm", p.get("b")), "sigma_b": p.get("sdb", ""), "e": p.get("e", p.get("em")),
        "sigma_e": p.get("sde", ""), "cl": row["cl"], "bounded": int(row["bounded"]),
        "status": row["exact"]["status"],
        "exact_lower": row["exact"]["lo"], "exact_upper": row["exact"]["hi"],
        "compat_lower": row["compat"]["lo"], "compat_upper": row["compat"]["hi"],
        "trolke_lower": row["trolke"]["lo"] if trusted else "",
        "trolke_upper": row["trolke"]["hi"] if trusted else "",
    }  # fmt: skip


def main() -> None:
    rows = [row for row in json.loads(SOURCE.read_text())["rows"] if row["model"] in (3, 5, 7)]
    kinds = defaultdict(list)
    for row in rows:
        kinds[row["model"], row["group"], row["exact"]["status"], row["verdict"], row["bounded"]].append(row)
    kept = [row for kind in kinds.values() for row in (kind if len(kind) <= 4 else kind[::2])]
    with (HERE / "rolke_lopez.csv").open("w", newline="") as file:
        file.write("# Origin and selection: make_rolke_lopez.py\n")
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat(row) for row in sorted(kept, key=lambda row: row["id"]))


if __name__ == "__main__":
    main()
