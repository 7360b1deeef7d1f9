"""The two files of pins say the same, and nothing about the machine that made them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BUILD_TOOLS = {"hatchling", "trove-classifiers", "tomlkit"}
"""What builds the package is fetched by pip for itself."""


def pins(text: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", text, flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def test_pins_with_hashes_are_the_pins() -> None:
    plain = pins((ROOT / "constraints.txt").read_text("utf-8"))
    hashed = pins((ROOT / "constraints-hashed.txt").read_text("utf-8"))
    assert len(plain) > 100
    assert hashed == {name: version for name, version in plain.items() if name not in BUILD_TOOLS}


def test_each_pin_has_hashes_and_nothing_names_a_place() -> None:
    text = (ROOT / "constraints-hashed.txt").read_text("utf-8")
    blocks = re.split(r"\n(?=\S)", text.partition("\n")[2])
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks)
    assert len(blocks) == len(pins(text))
    assert not re.search(r"://|\s@\s|index-url|find-links|trusted-host", text)
