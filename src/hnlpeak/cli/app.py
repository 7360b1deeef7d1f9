"""The command ``hnlpeak``: registers the commands and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys

import typer

from hnlpeak.cli import (
    check,
    coverage,
    explain,
    export,
    interval,
    listing,
    recast,
    report,
    run,
    scan,
    select,
    simulate,
    theory,
)
from hnlpeak.cli.stop import Stopped, end, watched
from hnlpeak.cli.streams import mend_streams
from hnlpeak.core.errors import HnlpeakError

__all__ = ["app", "main"]

app = typer.Typer(
    name="hnlpeak",
    help="Heavy-neutral-lepton production searches: from a beam or a spectrum to limits on |U|².",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(run.run)
app.command()(simulate.simulate)
app.command()(select.select)
app.command()(scan.scan)
app.command()(interval.interval)
app.command()(coverage.coverage)
app.add_typer(theory.app, name="theory")
app.command()(explain.explain)
app.command()(export.export)
app.command()(recast.recast)
app.command()(report.report)
app.command()(check.check)
app.command(name="list")(listing.listing)


def _version(value: bool) -> None:
    if value:
        from hnlpeak.core.version import VERSION

        typer.echo(f"hnlpeak {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Heavy-neutral-lepton production searches: from a beam or a spectrum to limits on |U|²."""


def _say(message: str, error: BaseException | None = None) -> None:
    """One line on stderr, whatever the names of files and cards hold, with the notes of ``error``."""
    words = "; ".join([message, *getattr(error, "__notes__", [])])
    print(f"hnlpeak: error: {' '.join(words.splitlines())}", file=sys.stderr)


def main() -> None:
    """Run the command line.

    Exit codes: 0 done, 1 failed, 2 usage or card, 3 input data, 4 partial result, 130 after Ctrl-C, 143 after SIGTERM.
    """
    mend_streams()
    try:
        with watched():
            app()
    except Stopped as stop:
        end(stop)
    except HnlpeakError as error:
        _say(str(error), error)
        raise SystemExit(error.exit_code) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _say(f"{where}{error.strerror or error}", error)
        raise SystemExit(1) from None
    except MemoryError as error:
        _say("out of memory", error)
        raise SystemExit(1) from None
