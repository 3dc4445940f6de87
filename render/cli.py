"""The command line: record a run, render it, check it. With the modules of its commands, all that knows both sides.

Commands are in `render_cli`, `record_cli`, `check_cli`, `engine_cli`, `train_cli` and `site_cli`. Nothing heavy is
imported before a command needs it, so that `--help` and an up-to-date `render all` are quick.
"""

from __future__ import annotations

import sys

import click

from stagelight.engines.recording import RecordingError
from stagelight.render import check_cli, engine_cli, record_cli, render_cli, site_cli, train_cli
from stagelight.render.pipeline import InputError, RenderError
from stagelight.render.pipeline.plan import Places

WRONG_INPUT = (click.UsageError, InputError, RecordingError)  # exit code 2
FAILED = (click.ClickException, RenderError, OSError, ValueError)  # exit code 1


def main() -> None:
    """The console scripts `stagelight` and `click`."""
    sys.exit(run(sys.argv[1:], Places()))


def run(arguments: list[str], places: Places) -> int:
    """Run one command and return its exit code: 0, 1 where it failed, 2 where it was asked for what is not there."""
    try:
        return int(cli.main(arguments, "click", standalone_mode=False, obj=places) or 0)
    except click.Abort:
        return _say("stopped; what was finished is kept", 130)
    except (*WRONG_INPUT, *FAILED) as error:
        if "--debug" in arguments:
            raise
        return _say(_words(error), 2 if isinstance(error, WRONG_INPUT) else 1)


def _words(error: Exception) -> str:
    if isinstance(error, click.UsageError) and error.ctx:
        return f"{error.format_message()} See `{error.ctx.command_path} --help`"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)


def _say(words: str, code: int) -> int:
    click.echo(f"error: {' '.join(words.split())}", err=True)
    return code


@click.group(
    invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error. Example: click --debug render all")
@click.version_option(package_name="stagelight", help="Say which version this is. Example: click --version")
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
    *(render_cli.render, record_cli.record, record_cli.corpus, check_cli.check, check_cli.bench, check_cli.doctor),
    *(check_cli.clean, train_cli.train, engine_cli.score, engine_cli.play, engine_cli.uci),
    *(site_cli.write_reference, site_cli.offline),
):
    cli.add_command(command)
