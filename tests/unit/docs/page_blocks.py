"""Code blocks of a page, and what running them means.

A marker in the line before a block says what is not plain: ``<!-- test: file NAME -->`` (the block is that file),
``<!-- test: into CARD -->`` (TOML that is put into a card of the library and must be a card again),
``<!-- test: slow, REASON -->`` and ``<!-- test: not run, REASON -->``. Nothing is left out without a reason.
``<!-- test: printed -->``: the block holds lines that the block before it prints; with ``printed, other numbers`` the
same words about numbers that differ from version to version.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hnlpeak.experiment.analysis_card import AnalysisCard

__all__ = ["Block", "Session", "blocks", "check_printed"]

_FENCE = re.compile(
    r"(?:<!-- *(?P<marker>[^\n]*?) *-->\n)?^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.M | re.S
)
_MARKER = re.compile(
    r"test: (?:(file) ([\w.-]+)|(into) ([\w.-]+)|(slow), (\S.{9,})|(not run), (\S.{9,})|(printed)(, other numbers)?)"
)
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?|\bnan\b")
_LIBRARY = Path(__file__).resolve().parents[3] / "src" / "hnlpeak" / "library" / "analyses"


@dataclass(frozen=True)
class Block:
    """A block: its first line in the page, language, text, and its marker as a word with what follows it."""

    line: int
    kind: str
    text: str
    mark: str
    said: str


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page; directives of Sphinx, ``{name}``, are none. ``ValueError`` for a wrong marker."""
    found = []
    for match in _FENCE.finditer(page):
        if match["kind"].startswith("{"):
            continue
        mark, said = "", ""
        if match["marker"] == "ci: test":
            mark, said = "not run", "the command of .ci/run itself"
        elif match["marker"] is not None:
            words = _MARKER.fullmatch(match["marker"])
            if words is None:
                raise ValueError(f"marker {match['marker']!r} is none of those that are known")
            mark, said = [*(word for word in words.groups() if word is not None), ""][:2]
        line = page.count("\n", 0, match.start("text"))
        found.append(Block(line, match["kind"], match["text"], mark, said))
    return found


def check_printed(block: Block, said: str) -> None:
    """Raise ``ValueError`` unless every line of a ``printed`` block is one of what was ``said``."""

    def plain(text: str) -> list[str]:
        lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
        return [_NUMBER.sub("#", line) for line in lines] if block.said else lines

    missing = [line for line in plain(block.text) if line not in plain(said)]
    if missing:
        raise ValueError(f"line {block.line}: not printed any more: {missing}; but\n{said}")


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    return [*old, *new] if isinstance(old, list) and isinstance(new, list) else new


@dataclass
class Session:
    """One reader, who runs the blocks of a page one after the other in a folder; programs in ``first`` go first."""

    folder: Path
    names: dict[str, Any] = field(default_factory=dict)
    first: Path | None = None
    said: str = ""

    def run(self, block: Block) -> None:
        """Run ``block``; raises what fails, ``ValueError`` for a language that nothing is known about."""
        if block.mark == "file":
            (self.folder / block.said).write_text(block.text, "utf-8")
        elif block.mark == "into":
            table = tomllib.loads((_LIBRARY / f"{block.said}.toml").read_text("utf-8"))
            AnalysisCard.model_validate(_merged(table, tomllib.loads(block.text)))
        elif block.mark == "printed":
            check_printed(block, self.said)
        elif block.kind == "sh":
            self._shell(block)
        elif block.kind == "python":
            before = Path.cwd()
            os.chdir(self.folder)
            heard = io.StringIO()
            try:
                with contextlib.redirect_stdout(heard):
                    exec(compile("\n" * block.line + block.text, "page", "exec"), self.names)
            finally:
                os.chdir(before)
            self.said = heard.getvalue()
        elif block.kind != "text":
            raise ValueError(f"a block of language {block.kind!r}: sh, python, text, or a marker")

    def _shell(self, block: Block) -> None:
        places = [self.first, Path(sys.executable).parent, os.environ.get("PATH", "")]
        path = os.pathsep.join(str(place) for place in places if place is not None)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            cwd=self.folder,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        self.said = done.stdout + done.stderr
        if done.returncode:
            raise RuntimeError(f"line {block.line}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
