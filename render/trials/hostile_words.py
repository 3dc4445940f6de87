"""Hostile words: shown as text or refused, wherever words from outside come up; never obeyed, never another's voice."""

from __future__ import annotations

from stagelight.render.trials.answers import Reader
from stagelight.render.trials.surfaces import lines, markup, village

CASES = 600
READERS = (
    Reader("what workers hear", 80, village.heard),
    Reader("what a model remembers", 80, village.remembered),
    Reader("bubbles", 80, village.bubbles),
    Reader("captions and other tracks", 80, markup.cues),
    Reader("legends", 40, markup.legends),
    Reader("pages", 80, markup.pages),
    Reader("reports on k-space", 60, markup.reports),
    Reader("lines of commands", 40, lines.commands),
    Reader("lines of the chess program", 40, lines.chess),
    Reader("refusals of a server", 20, lines.servers),
)
