"""The command line: record a run, render it, check it. No other package knows both engines and drawing.

Each command, or group of commands, is in the module of its name. Nothing heavy is imported before a command needs it,
so that `--help` and an up-to-date `render all` are quick.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import click

from stagelight import __version__
from stagelight.engines import installation
from stagelight.engines.recording import RecordingError
from stagelight.render import theme
from stagelight.render.cli import bench, check, doctor, offline, play, record, reference, render, score, train, trial
from stagelight.render.pipeline import InputError, RenderError
from stagelight.render.pipeline.plan import Places

WRONG_INPUT = (click.UsageError, InputError, RecordingError)  # exit code 2
LINE = 760  # characters of an error, at most
FAILED = (click.ClickException, RenderError, OSError, ValueError)  # exit code 1


def main() -> None:
    """The console script `stagelight`, which a checkout has under the name `click`, too."""
    called = Path(sys.argv[0]).stem
    if called not in {"click", "stagelight"}:  # python -m stagelight
        called = "click" if installation.CHECKOUT else "stagelight"
    installed = None if installation.CHECKOUT else theme.ASSETS / "recordings"
    assets = installation.working_folder() / "site_assets"
    sys.exit(run(sys.argv[1:], Places(assets, installation.cache() / "render", installed=installed), called))


def run(arguments: list[str], places: Places, name: str = "click") -> int:
    """Run one command and return its exit code: 0, 1 where it failed, 2 where it was asked for what is not there.

    Help and errors name commands by the `name` they were called by.
    """
    if name != "click" and "reference" not in arguments:  # the page of commands always says click
        _rename(cli, name)
    try:
        return int(cli.main(arguments, name, standalone_mode=False, obj=places) or 0)
    except click.Abort:
        return _say("stopped; what was finished is kept", 130)
    except ModuleNotFoundError as error:
        if "--debug" in arguments or (error.name or "stagelight").startswith("stagelight"):
            raise
        return _say(installation.missing(error.name or "", otherwise="site"), 1)
    except (*WRONG_INPUT, *FAILED) as error:
        if "--debug" in arguments:
            raise
        return _say(_words(error).replace("`click ", f"`{name} "), 2 if isinstance(error, WRONG_INPUT) else 1)


def _rename(command: click.Command, name: str) -> None:
    """Have a command's help, and that of all below it, call the program by its name."""
    options = [each for each in command.params if isinstance(each, click.Option)]
    for said in cast("list[click.Command | click.Option]", [command, *options]):
        said.help = (said.help or "").replace("click ", f"{name} ")
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _rename(below, name)


def _words(error: Exception) -> str:
    if isinstance(error, click.UsageError) and error.ctx:
        return f"{error.format_message()} See `{error.ctx.command_path} --help`"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)


def _say(words: str, code: int) -> int:
    """One line, in which what a terminal would obey is seen instead; of a long one the beginning and the end."""
    line = " ".join(words.split())
    line = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
    click.echo(f"error: {line if len(line) <= LINE else f'{line[: LINE // 2]} ... {line[-LINE // 2 :]}'}", err=True)
    return code


@click.group(
    invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error. Example: click --debug render all")
@click.version_option(__version__, help="Say which version this is. Example: click --version")
def cli(debug: bool) -> None:
    """Scenes in which real machine-learning systems are seen working.

    A run is recorded once, then drawn: `record` makes a recording, `render` draws it, `check` proves that what is
    published is what the recording gives.

    \b
    Example: draw every scene, then build the site
        click render all && mkdocs build
    """
    context = click.get_current_context()
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (
    *(record.record, record.dataset, train.train, score.score, play.play, play.uci),
    *(render.render, render.clean, check.check, bench.bench, doctor.doctor, trial.trial),
    *(reference.reference, offline.offline),
):
    cli.add_command(command)
