"""The table to try on the page of the rollout: a group's rewards, right as it stands, and a script to change them."""

from __future__ import annotations

from stagelight.render.pages.markup import Html, el, framed
from stagelight.render.pages.scene_files import Scene, fail

RATIO = 1.4  # of the table as it stands; far enough to be clipped


def table(scene: Scene, page: str) -> Html:
    """The first recorded group: each move's reward and advantage, and whether the clip stops it at one ratio.

    `js/group.js` reads `data-low`, `data-high` and the boxes, and writes the rest again.
    """
    event = next((each for each in scene.head["events"] if each["kind"] == "group"), None)
    if event is None:
        fail(f"docs/{page}: site_assets/recordings/{scene.name}.json has no group: run `click record {scene.name}`")
    config, ratio = scene.head["config"], RATIO
    low, high = 1 - config["eps_low"], 1 + config["eps_high"]
    rewards = [1 if san.endswith("#") else 0 for san in event["san"]]
    mean = sum(rewards) / len(rewards)
    rows = [_row(at, san, reward, reward - mean, (low, high), ratio) for at, (san, reward) in
            enumerate(zip(event["san"], rewards, strict=True), 1)]  # fmt: skip
    columns = ("Move", "Reward", "Advantage", "Pushes on?")
    span = {"min": "0.5", "max": "1.6", "step": "0.02", "value": f"{ratio:g}"}
    slider = el(
        "div", {"class": "try__ratio", "hidden": True}, el("label", {"for": "try-ratio"}, "Ratio"),
        el("input", {"id": "try-ratio", "type": "range", **span}),
        el("output", {"for": "try-ratio", "aria-live": "off"}, f"{ratio:.2f}"),
    )  # fmt: skip
    return el(
        "div", {"class": "try", "data-try": "group", "data-low": f"{low:g}", "data-high": f"{high:g}"},
        el("p", {"class": "try__mean", "aria-live": "polite", "aria-atomic": "true"},
           "Mean reward ", el("output", {"aria-live": "off"}, f"{mean:.3f}")),
        slider,
        framed("try__table", "try__rows", "A group, its advantages", columns, rows),
        el("p", {"class": "try__note", "aria-live": "polite"},
           f"At a ratio of {ratio:g}, beyond the upper bound of {high:g}."),
    )  # fmt: skip


def _row(at: int, san: str, reward: int, advantage: float, band: tuple[float, float], ratio: float) -> Html:
    """One rollout of the group."""
    clipped = ratio > band[1] if advantage > 0 else ratio < band[0]
    pushes = "no" if advantage == 0 else "clipped" if clipped else "up" if advantage > 0 else "down"
    box = el("input", {"type": "checkbox", "disabled": True, "checked": bool(reward),
                       "aria-label": f"Rollout {at}, {san}: paid"})  # fmt: skip
    return el(
        "tr", {}, el("th", {"scope": "row"}, san), el("td", {}, box, " ", el("span", {}, str(reward))),
        el("td", {}, f"{advantage:+.3f}".replace("-", "\N{MINUS SIGN}")), el("td", {}, pushes),
    )  # fmt: skip
