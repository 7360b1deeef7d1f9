"""Every code block of the README and of the pages, run as a reader would run it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import remembered
from page_blocks import Block, Session, blocks

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    if "```" in path.read_text("utf-8")
    and path.name not in ("CHANGELOG.md", "course.md", "own_experiment.md")
)
"""All but the courses, which run as notebooks (``test_docs_courses.py``)."""


def names(path):
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """A folder with an ``hnlpeak`` that runs a long command once for all pages."""
    place = tmp_path_factory.mktemp("programs")
    (place / "kept").mkdir()
    words = (sys.executable, remembered.__file__, place / "kept", Path(sys.executable).with_name("hnlpeak"))
    (place / "hnlpeak").write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n', "utf-8")
    (place / "hnlpeak").chmod(0o700)
    return place


def read_aloud(path, folder, slow, programs=None):
    """Run the blocks of a page in a copy of what a clone has beside them."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    session = Session(folder, first=programs)
    for block in blocks(path.read_text("utf-8")):
        if block.mark == "not run" or (block.mark == "slow") != slow:
            continue
        session.run(block)


@pytest.mark.timeout(1500)  # a first run compiles the simulation, on a busy machine for minutes
@pytest.mark.parametrize("path", PAGES, ids=names)
def test_blocks_run(path, tmp_path, programs):
    read_aloud(path, tmp_path, slow=False, programs=programs)


def test_a_command_on_other_files_or_with_other_options_is_run_again(tmp_path):
    """The same one is not, wherever it puts what it makes; a place that is taken is for the program to see."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.csv").write_text("1\n", "utf-8")
    real = tmp_path / "real"
    real.write_text("#!/bin/sh\necho ran >> runs; cat a/x.csv > $3; exit $4\n", "utf-8")
    real.chmod(0o700)

    def runs(*words):
        before = (tmp_path / "runs").read_text("utf-8") if (tmp_path / "runs").exists() else ""
        command = [sys.executable, remembered.__file__, tmp_path, real, *words]
        code = subprocess.run([str(word) for word in command], cwd=tmp_path, check=False).returncode
        return code, (tmp_path / "runs").read_text("utf-8").count("ran") - before.count("ran")

    assert runs("scan", "-o", "one", 0, "a/x.csv") == (0, 1)
    assert runs("scan", "-o", "two", 0, "a/x.csv") == (0, 0)
    assert (tmp_path / "two").read_text("utf-8") == "1\n"
    assert runs("scan", "-o", "two", 0, "a/x.csv") == (0, 1)
    assert runs("scan", "-o", "three", 0, "a/x.csv", "--method") == (0, 1)
    (tmp_path / "a" / "beside.toml").write_text("", "utf-8")
    assert runs("scan", "-o", "four", 0, "a/x.csv") == (0, 1)
    assert runs("explain", "-o", "five", 0, "a/x.csv") == (0, 1)
    assert runs("run", "-o", "six", 3, "a/x.csv") == (3, 1)
    assert runs("run", "-o", "seven", 3, "a/x.csv") == (3, 1)


SLOW = [path for path in PAGES if any(block.mark == "slow" for block in blocks(path.read_text("utf-8")))]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("path", SLOW, ids=names)
def test_long_blocks_run(path, tmp_path):
    read_aloud(path, tmp_path, slow=True)


def test_most_blocks_of_the_readme_run():
    found = blocks((ROOT / "README.md").read_text("utf-8"))
    assert len(found) >= 8
    assert sum(block.mark in ("slow", "not run") for block in found) <= len(found) / 2


PAGE = """before
```sh
echo one > a.txt
```
<!-- test: file table.csv -->
```
x,y
1,2
```
<!-- test: slow, the whole exposure -->
```sh
sleep 1
```
<!-- test: not run, needs the network -->
```sh
false
```
```{toctree}
not a block
```
"""


def test_blocks_and_markers_are_found():
    found = [(block.line, block.kind, block.mark, block.said) for block in blocks(PAGE)]
    assert found == [
        (2, "sh", "", ""),
        (6, "", "file", "table.csv"),
        (11, "sh", "slow", "the whole exposure"),
        (15, "sh", "not run", "needs the network"),
    ]


@pytest.mark.parametrize(
    "marker", ["test: slow", "test: not run,", "test: skip", "test: not run, why", "todo"]
)
def test_a_block_is_not_left_out_without_a_reason(marker):
    with pytest.raises(ValueError, match="marker"):
        blocks(f"<!-- {marker} -->\n```sh\ntrue\n```\n")


@pytest.mark.parametrize(
    ("kind", "text", "mark", "said", "error"),
    [
        ("sh", "true\nfalse\n", "", "", RuntimeError),
        ("sh", "false | cat\n", "", "", RuntimeError),
        ("python", "1 / 0\n", "", "", ZeroDivisionError),
        ("", "anything\n", "", "", ValueError),
        ("toml", "a = 1\n", "", "", ValueError),
        ("toml", "colour = 1\n", "into", "na62-2015-ke2", ValueError),
        ("toml", "a = \n", "into", "na62-2015-ke2", ValueError),
    ],
)
def test_a_block_that_fails_is_noticed(tmp_path, kind, text, mark, said, error):
    with pytest.raises(error):
        Session(tmp_path).run(Block(3, kind, text, mark, said))


def test_blocks_share_folder_and_names(tmp_path):
    session = Session(tmp_path)
    session.run(Block(1, "", "1,2\n", "file", "a.csv"))
    session.run(Block(2, "sh", "hnlpeak --version > b.txt; cat a.csv >> b.txt\n", "", ""))
    session.run(Block(3, "python", "from pathlib import Path\ntext = Path('b.txt').read_text()\n", "", ""))
    session.run(Block(4, "python", "assert text.endswith('1,2\\n')\n", "", ""))
    with pytest.raises(AssertionError):
        session.run(Block(5, "python", "assert 'nothing' in text\n", "", ""))
    session.run(Block(6, "toml", 'columns = { p_mev = "momentum" }\n', "into", "na62-2015-ke2"))


@pytest.mark.parametrize(
    ("text", "said", "fits"),
    [
        ("N_K = 12\n", "", True),
        ("N_K = 13\n", "", False),
        ("N_K = 13\n", ", other numbers", True),
        ("N_S = 13\n", ", other numbers", False),
        ("first  line\n", "", True),
    ],
)
def test_what_a_page_says_is_printed_is_compared(tmp_path, text, said, fits):
    session = Session(tmp_path)
    session.run(Block(1, "python", "print('first line')\nprint('N_K = 12')\n", "", ""))
    block = Block(4, "text", text, "printed", said)
    if fits:
        session.run(block)
        return
    with pytest.raises(ValueError, match="not printed any more"):
        session.run(block)
