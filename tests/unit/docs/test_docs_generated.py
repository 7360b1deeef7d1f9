"""Reference pages that are written from the code: all keys, commands and status words are in them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from maker import maker
from typer.main import get_command

from hnlpeak.cli.app import app
from hnlpeak.limits.status import status_words

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def generated():
    return maker("generated")


def keys(table):
    """Keys of a card at all depths, where they are those of tables and no names of the user's."""
    free = {
        "sources",
        "columns",
        "errors",
        "common_errors",
        "modes",
        "published_curves",
        "branching_fractions",
        "interaction_lengths",
    }
    for key, value in table.items():
        if (
            key.islower() and (len(key) > 1 or key in "xyz") and key.isidentifier()
        ):  # others are names of particles
            yield key
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and key not in free:
                yield from keys(item)


@pytest.mark.parametrize("kind", ["analyses", "experiments"])
def test_every_key_of_the_library_is_explained(generated, kind):
    page = generated.cards()
    for path in (ROOT / "src/hnlpeak/library").rglob(f"{kind}/*.toml"):
        used = set(keys(tomllib.loads(path.read_text("utf-8")))) - {"reference", "confidence", "sources"}
        assert {key for key in used if f"| `{key}` |" not in page} == set()


def test_keys_say_what_they_take(generated):
    page = generated.cards()
    assert (
        '| `mass_min` | a number with a unit of energy, such as "1 MeV" (eV, keV, MeV, GeV, TeV) | **needed** |'
        in page
    )
    assert "| `downscale` | whole number, at least 1 | `1` |" in page
    assert "Annotated" not in page
    assert "typing." not in page


def test_every_command_and_option_is_there(generated):
    page = generated.commands()
    for name, command in get_command(app).commands.items():
        assert f"## hnlpeak {name}" in page
        options = {option for p in command.params for option in p.opts if option.startswith("--")} - {
            "--help"
        }
        assert {option for option in options if f"`{option}`" not in page} == set()


def test_every_status_word_is_there(generated):
    page = generated.status()
    for name, word in status_words().items():
        assert f"| `{name}` |" in page
        assert (f"{'yes' if word.sound else '**no**'} |") in next(
            line for line in page.splitlines() if line.startswith(f"| `{name}` |")
        )
