"""The command ``hnlpeak``: registers the commands and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys
import time

import typer

from hnlpeak.cli import (
    cache,
    check,
    combine,
    compare,
    coverage,
    doctor,
    events,
    explain,
    export,
    init,
    interval,
    listing,
    project,
    recast,
    report,
    run,
    scan,
    select,
    shard,
    show,
    simulate,
    study,
    theory,
    validate,
)
from hnlpeak.cli.stop import Stopped, end, watched
from hnlpeak.cli.streams import mend_streams
from hnlpeak.cli.verbosity import chat, set_verbosity
from hnlpeak.core.alone import be_alone
from hnlpeak.core.errors import CardError, HnlpeakError, UsageError

__all__ = ["app", "main"]

_LONGEST = 300
"""Characters of a message."""

app = typer.Typer(
    name="hnlpeak",
    help="Heavy-neutral-lepton production searches: from a beam or a spectrum to limits on |U|².",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(short_help="The whole chain, from beam or ntuples to limits.")(run.run)
app.command(short_help="Candidates of one decay mode, as an ntuple.")(simulate.simulate)
app.command(short_help="Cuts: from ntuples to a missing-mass spectrum.")(select.select)
app.command(short_help="Limits from a missing-mass spectrum.")(scan.scan)
app.command(short_help="One interval from n, b and an efficiency.")(interval.interval)
app.command(short_help="How often an interval holds the true signal.")(coverage.coverage)
app.add_typer(theory.app, name="theory", short_help="Production rates, widths and lifetime of an HNL.")
app.command(short_help="One limit in a sentence and its formulae.")(explain.explain)
app.command(short_help="The events in the window of a mass.")(events.events)
app.add_typer(study.app, name="study", short_help="Analyses run on samples whose truth is known.")
app.add_typer(shard.app, name="shard", short_help="A search in jobs for a batch farm.")
app.command(short_help="A finished search for HEPData, pyhf, HS3, ROOT, LaTeX.")(export.export)
app.command(short_help="Limits for another mixture or another particle.")(recast.recast)
app.command(short_help="Limits from several searches together.")(combine.combine)
app.command(short_help="Figures and page of a finished search again.")(report.report)
app.command(short_help="Limits of several searches over each other.")(compare.compare)
app.command(short_help="Expected limits at other exposures, with other cards.")(project.project)
app.command(short_help="What is wrong with a card or a folder of results.")(check.check)
app.command(short_help="A card of the library with comments and sources.")(show.show)
app.command(short_help="A new commented card to start from.")(init.init)
app.command(short_help="Numbers of theory and searches beside targets.")(validate.validate)
app.command(name="list", short_help="What comes along: cards, modes, methods, curves.")(listing.listing)
app.command(short_help="Versions, cores and optional parts.")(doctor.doctor)
app.command(short_help="Compiled kernels: where they are, how to remove them.")(cache.cache)


def _version(value: bool) -> None:
    if value:
        from hnlpeak.core.version import VERSION

        typer.echo(f"hnlpeak {VERSION}")
        raise typer.Exit


def _cite(value: bool) -> None:
    if value:
        from importlib.resources import files

        from hnlpeak.core.version import VERSION

        text = (files("hnlpeak") / "library" / "citations.bib").read_text("utf-8")
        typer.echo(text.replace("@VERSION@", VERSION), nl=False)
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: bool = typer.Option(  # noqa: ARG001  # its callback answers
        False, "--version", "-V", callback=_version, is_eager=True, help="Print the version."
    ),
    cite: bool = typer.Option(  # noqa: ARG001  # its callback answers
        False, "--cite", callback=_cite, is_eager=True, help="Print what to cite, in BibTeX."
    ),
    verbose: int = typer.Option(
        0, "--verbose", "-v", count=True, help="Say more on stderr, progress in logs too."
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Say nothing but errors on stderr."),
) -> None:
    """Heavy-neutral-lepton production searches: from a beam or a spectrum to limits on |U|²."""
    set_verbosity(-1 if quiet else verbose)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


def _one_line(message: str) -> str:
    """Printable, on one line, at most 300 characters: whatever the names of files and cards hold."""
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(message.split()))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


def _say(message: str, error: BaseException | None = None) -> None:
    """One line on stderr, whatever the names of files and cards hold, with the notes of ``error``."""
    words = "; ".join([message, *getattr(error, "__notes__", [])])
    print(f"hnlpeak: error: {_one_line(words)}", file=sys.stderr)


def _check_arguments() -> None:
    """Raise ``UsageError`` for a name that is not UTF-8: no file that we write could hold it."""
    for argument in sys.argv[1:]:
        try:
            argument.encode("utf-8")
        except UnicodeEncodeError:
            raise UsageError(
                f"{argument.encode('utf-8', 'backslashreplace').decode()[:80]!r}: not UTF-8, "
                "give files and folders names that are text"
            ) from None


def _run() -> None:
    """The commands; usage errors of the parser become ours."""
    try:
        stop = app(standalone_mode=False)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        if type(error).__name__ == "NoArgsIsHelpError":  # theory, study, shard alone
            typer.echo(error.format_message())
            return
        raise UsageError(error.format_message()) from error
    if isinstance(stop, int) and stop:
        raise SystemExit(stop)


def main() -> None:
    """Run the command line.

    Exit codes: 0 done, 1 failed, 2 usage or card, 3 input data, 4 partial result, 130 after Ctrl-C, 143 after SIGTERM.
    """
    mend_streams()
    be_alone()
    try:
        begun = time.monotonic()
        _check_arguments()
        with watched():
            _run()
        chat(f"finished in {time.monotonic() - begun:.1f} s")
    except Stopped as stop:
        end(stop)
    except CardError as error:
        for fault in error.faults if "check" in sys.argv[1:] and error.faults else [str(error)]:
            _say(fault, error)
        raise SystemExit(error.exit_code) from None
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
