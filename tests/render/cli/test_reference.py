"""The page of commands, and every command that a page tells a reader to run."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click
import pytest

from stagelight.render.cli import cli, reference
from support.browser import SCENES
from support.paths import ROOT

PAGES = sorted(
    [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
)


def named() -> list[tuple[str, str]]:
    """Page and command, for every line of a shell block that starts with our command."""
    found = []
    for page in PAGES:
        text = re.sub(r"\{%.*?%\}", "", page.read_text(encoding="utf-8")).replace("{{ name }}", SCENES[0])
        for block in re.findall(r"^```sh[^\n]*\n(.*?)^```", text, re.M | re.S):
            for line in block.splitlines():
                for part in line.partition("#")[0].split("&&"):
                    if part.split()[:1] in (["click"], ["stagelight"]):
                        found.append((page.name, part.strip()))
    return found


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    written = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert written == reference.page(cli), "run `click reference`"


def test_the_page_of_commands_names_all_of_them_with_their_options() -> None:
    made = reference.page(cli)

    def walk(group: click.Group, path: str) -> None:
        for word, command in group.commands.items():
            if isinstance(command, click.Group):
                walk(command, f"{path} {word}")
                continue
            part = made.partition(f"\n## {path} {word} {{")[2].partition("\n## ")[0]
            assert part, f"{path} {word} is missing"
            for option in command.params:
                if isinstance(option, click.Option):
                    assert f"`{option.opts[0]}" in part, f"{path} {word} {option.opts[0]} is missing"

    walk(cli, "click")


def test_a_command_that_changes_changes_the_page() -> None:
    group = click.Group("g", {"one": click.Command("one", help="Does *one* thing.\n\n\b\nExample:\n  g one  quickly")})
    made = reference.page(group, "g")
    assert "## g one { #g-one }" in made
    assert "Does *one* thing." in made
    assert re.search(r"^g one +# quickly$", made, re.M)
    group.add_command(click.Command("two", params=[click.Option(["--far"], help="How <far>.")]))
    assert "`--far TEXT`\n:   How &lt;far>." in reference.page(group, "g")


@pytest.mark.parametrize(("page", "command"), named())
def test_every_command_on_a_page_is_one_that_there_is(page: str, command: str) -> None:
    _, *words = shlex.split(command)
    at: click.Command = cli
    context = click.Context(cli, info_name="click")
    while isinstance(at, click.Group):
        found = at.get_command(context, words[0]) if words else None
        assert found is not None, f"{page}: {command}"
        at, words = found, words[1:]
        context = click.Context(at, parent=context, info_name=at.name)
    at.make_context(at.name, words, parent=context.parent)


def test_there_are_commands_to_look_at() -> None:
    assert len(named()) > 25


@pytest.mark.engine
@pytest.mark.filterwarnings("ignore")  # of the libraries that others bring
def test_the_episode_that_a_reader_is_shown_can_be_played() -> None:
    pytest.importorskip("pettingzoo")
    text = (ROOT / "docs/bring-your-own.md").read_text(encoding="utf-8")
    (block,) = re.findall(r'^```python title="an episode"\n(.*?)^```', text, re.M | re.S)
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102  # what the page tells a reader to run
    assert names["total"] != 0.0
    assert not names["village"].agents
