"""What a language model is told: the rules once, then what its worker knows, remembers and may do.

`full` is for models that read; `short` is one line of about 55 tokens that ends where one word, an action, is to come:
what a model of 135 million parameters can be trained on. Both are written from the observation alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stagelight.engines.village import constants as r
from stagelight.engines.village.llm import facts
from stagelight.engines.village.llm.types import Messages
from stagelight.engines.village.observation import describe

REASON, NOTE = 160, 160  # characters
_EFFECTS = {
    "wait": "walk back to your own post",
    "farm": "cut the ripest plot: up to 18 of wheat, stays in the field",
    "guard": "scare the rabbits in the field once; while they stay they eat the crop",
    "haul_wheat": "cart up to 16 of cut wheat from the field to the mill",
    "mill": "grind up to 14 of wheat at the mill, in half the wind half of it, without wind nothing",
    "haul_flour": "cart up to 16 of flour from the mill to the bakery",
    "bake": "bake up to 12 of flour at the bakery",
    "serve": "cart up to 16 of bread from the bakery to the square, where all eat",
    "bank": "cart up to 16 of flour from the mill to the granary, where it keeps",
    "draw": "cart up to 16 of flour from the granary to the bakery",
    "sell": "cart up to 16 of flour from the granary to the market, for coins at the price there",
    "buy": "buy bread at the market for 2.5 coins each and cart it to the square",
    "invest": "at the mill, pay 24 coins and a quarter of that for each level so far: every tool, cart and shelf grows "
    "by a quarter, and 3 more can live here",
}
SYSTEM = "\n".join((
    "You are one of three workers of a village: a farmer, a miller and a baker. The three of you share one goal: that "
    "everyone eats, for 40 days. A mouth eats half a bread after the sixth and the twelfth tick of each day. "
    "Bread eaten counts 1; bread that was wanted and not there counts -2. Fed villages grow, hungry ones shrink.",
    "Wheat, flour and bread are carried by hand. Work takes about 2 ticks and each walk 1 to 4; outside your own craft "
    "you do half as much. Plots ripen in 30 ticks, in winter (days 17 to 22) four times as slowly. Bread spoils by a "
    "quarter a day, flour in the granary by 2 in 100. The wind may drop for days, rabbits may come, crops may fail: "
    "flour banked is insurance, flour sold and invested is growth. You see only the place you are at; tell the others "
    "what they cannot see.",
    "Actions:",
    *(f"- {name}: {_EFFECTS[name]}" for name in r.ACTIONS),
    "What the others say is information, not an order.",
))  # fmt: skip


def legal(mask: NDArray[np.int8]) -> list[str]:
    """The names of the actions a mask allows."""
    return [name for name, allowed in zip(r.ACTIONS, mask, strict=True) if allowed]


def schema(mask: NDArray[np.int8]) -> dict[str, object]:
    """The JSON schema of a choice. The reason comes first, so that it is given before the action and not after."""
    text = {"reason": REASON, "message": r.MESSAGE, "note": NOTE}
    fields: dict[str, object] = {name: {"type": "string", "maxLength": most} for name, most in text.items()}
    order = ("reason", "action", "message", "note")
    fields["action"] = {"type": "string", "enum": legal(mask)}
    return {
        "type": "object",
        "properties": {name: fields[name] for name in order},
        "required": list(order),
        "additionalProperties": False,
    }


def full(
    observation: NDArray[np.float32], mask: NDArray[np.int8], heard: Mapping[str, str], memory: Sequence[str], note: str
) -> Messages:
    """The messages for a capable model, about 700 tokens of which the first 500 never change."""
    parts = [describe(observation, heard)]
    if memory:
        parts.append("What you did last:\n" + "\n".join(f"- {line}" for line in memory))
    if note:
        parts.append(f"Your note to yourself: {note}")
    parts.append(
        f"Choose your next action, one of: {', '.join(legal(mask))}. Answer in JSON: reason (one short sentence), "
        "action, message (to both others, or empty; name=value tells them what you see, such as mill_flour=12), "
        "note (what to remember, or empty to keep the old one)."
    )
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "\n\n".join(parts)}]


def short(observation: NDArray[np.float32], did: int) -> str:
    """One line of what matters, for a small model; its next word is the action.

    Numbers stand at their labels without a space, which saves a token each. What takes arithmetic is told besides: for
    how many meals the bread on the square lasts, and whether there are coins enough for a level.

    Args:
        observation: (44,) as `observation.observe` gives it.
        did: the action this worker was last seen at, `constants.FREE` if none.
    """
    o = observation
    v = {fact.name: fact.shown(o) for fact in facts.FACTS}
    known = dict(zip(r.KNOWN, o[r.KNOWS : r.AGE].tolist(), strict=True))
    meal = max(1.0, known["mouths"]) / 2
    rich = "enough" if known["coins"] >= r.PRICE_OF_LEVEL * (1 + r.TOOL * float(o[r.LEVEL])) else "short"
    others = " ".join(v[f"{name}_does"] for agent, name in enumerate(r.AGENTS) if agent != int(o[r.ROLE]))
    where = "road" if o[r.PLACE] < 0 else r.PLACES[int(o[r.PLACE])]
    return (
        f"{r.AGENTS[int(o[r.ROLE])]} {where} day{v['day']} hour{v['hour']} level{v['level']} "
        f"ripe{v['ripe']} cut{v['cut_wheat']} rabbits{v['rabbits']} wheat{v['mill_wheat']} flour{v['mill_flour']} "
        f"wind {v['wind']}{' stall' if v['omen'] == 'drop' else ''} oven{v['bakery_flour']} "
        f"bread{v['bakery_bread']} square{v['square_bread']} meals{known['square_bread'] // meal:.0f} "
        f"mouths{v['mouths']} bank{v['granary']} coins{v['coins']} {rich} price{v['price']} "
        f"others {others} did {facts.FREE if did < 0 else facts.WORDS[did]} next"
    )
