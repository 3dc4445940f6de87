"""The command line as a page: every command's help, as the command itself says it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from stagelight.engines.recording import atomic
from stagelight.render.cli import options
from stagelight.render.pipeline.plan import Places

HEAD = """---
title: Commands
description: Every command of the project, its arguments, its options and an example, as the command says it itself.
search:
  boost: 0.5
---

# Commands

`click` and `stagelight` are the same command. Each command says this of itself with `--help`; this page is written by
`click reference`, and a test holds it to what the commands say. The exit code is 0 where all went well, 1 where
something failed, and 2 where something was asked for that is not there.
"""


def page(group: click.Group, name: str = "click") -> str:
    """The whole page, as Markdown."""
    parts = [_section(path, command) for path, command in _commands(group, name)]
    return HEAD + "".join(parts)


def _commands(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, itself left out, by the words that call it."""
    for word, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from _commands(command, f"{name} {word}")
        elif not command.hidden:
            yield f"{name} {word}", command


def _section(path: str, command: click.Command) -> str:
    """A command: how it is called, what it does, its options, its examples."""
    context = click.Context(command, info_name=path)
    words, _, example = inspect.cleandoc(command.help or "").partition("\b\n")
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    lines = ["", f"## {path} {{ #{path.replace(' ', '-')} }}", "", "```text", usage, "```", "", words.strip(), ""]
    options = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    for option in options:
        record = option.get_help_record(context)
        if record and "--help" not in option.opts:
            lines += [f"`{record[0]}`", f":   {_described(record[1])}", ""]
    if example:
        lines += ["```sh", *(_commented(line) for line in example.splitlines()[1:] if line.strip()), "```", ""]
    return "\n".join(lines)


def _commented(line: str) -> str:
    """An example, with what is said of it as a comment of the shell."""
    command, _, comment = line.strip().partition("  ")
    return f"{command:42}# {comment.strip()}" if comment else command


def _described(words: str) -> str:
    """The help of an option; its example is code."""
    text, marker, rest = words.partition(" Example: ")
    example, _, bounds = rest.partition("  ")
    parts = (_escaped(text), f"Example: `{' '.join(example.split())}`" if marker else "", _escaped(bounds))
    return " ".join(part for part in parts if part)


def _escaped(words: str) -> str:
    """Words for the middle of Markdown."""
    return " ".join(words.split()).replace("<", "&lt;").replace("*", "\\*").replace("[", "\\[").replace("_", "\\_")


@click.command()
@options.out("the page", "docs/commands.md", "commands.md")
@click.pass_context
def reference(context: click.Context, out: Path | None) -> None:
    """Write the page of commands, after a command has changed.

    \b
    Example:
        click reference
    """
    group = context.find_root().command
    assert isinstance(group, click.Group)
    places: Places = context.obj
    path = out or places.assets.parent / "docs" / "commands.md"
    if not path.parent.is_dir():
        raise click.UsageError(f"There is no folder {path.parent}; say where the page goes with --out FILE.")
    with atomic(path) as file:
        file.write(page(group).encode())
    click.echo(path)
