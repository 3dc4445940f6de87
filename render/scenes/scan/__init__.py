"""Scan: a brain recovered from a sixteenth of its k-space by reverse diffusion. Drawn from the recording of those runs.

One module for each section, in order: `patient`, `undersample`, `prior`, `diffusion`, `consistency`, `measured`,
`comparison`. In each, `section` holds the words and times, and `paint` draws; each begins as the one before ended. But
for `measured` they show the same axial slice, in one window and one orientation.
"""

from __future__ import annotations

from typing import ClassVar

from stagelight.render.components import frame
from stagelight.render.scene import Mark, Scene, Section
from stagelight.render.scenes.scan import (
    comparison,
    consistency,
    diffusion,
    measured,
    patient,
    prior,
    undersample,
    upright,
)

HEADLINES = {
    "patient": "One brain, scanned in full",
    "undersample": "Measure one line in {rate}, and it blurs",
    "prior": "Words alone cannot know the patient",
    "diffusion": "From pure noise, step by step",
    "consistency": "What was measured overrules what is imagined",
    "measured": "A real scan, eight coils",
    "comparison": "How near it comes, and where not",
}
RAIL = ("The patient", "01 Undersample", "02 Prior", "03 Diffusion", "04 Consistency", "05 Measured", "Faithful")


class Scan(Scene):
    """The scan scene."""

    name: ClassVar[str] = "scan"
    title: ClassVar[str] = "Reconstruction by reverse diffusion"
    claim: ClassVar[str] = (
        "A model supplies what brains look like, the measurements decide what this one looks like. "
        "k-space is simulated from a real scan."
    )
    legend: ClassVar[tuple[Mark, ...]] = (
        Mark("lit", "Lit point", "measured: a line of k-space that the simulated scanner read"),
        Mark("dark", "Dark point", "never measured"),
        Mark("token", "Amber word", "a word that conditions the prior; the width of its line is the attention it gets"),
        Mark("belief", "Blue", "the model's belief: what it supplies where nothing was measured"),
        Mark("loop", "Snap", "data consistency: believed values replaced by measured ones"),
        Mark("error", "Bar", "how far off a method is within the brain, relative to the picture; shorter is nearer"),
        Mark("lesion", "Ring", "the lesion, found by a rule in three contrasts; no method is shown it"),
    )
    reads: ClassVar[tuple[str, ...]] = ("config.measured", "facts.acceleration")
    poster: ClassVar[str | None] = "undersample"  # the page's first still, too: fetched once

    def sections(self) -> tuple[Section, ...]:
        """The sections, each within its frame."""
        stations = list(
            zip((patient, undersample, prior, diffusion, consistency, measured, comparison), RAIL, strict=True)
        )
        if not self.recording.config["measured"]:
            stations = [(module, label) for module, label in stations if module is not measured]
        rate = f"{self.recording.fact('acceleration'):.0f}"
        sections = [module.section(self.recording) for module, _ in stations]
        labels = [label for _, label in stations]
        return tuple(
            frame.flowing(
                section,
                "SCAN",
                HEADLINES[section.name].format(rate=rate),
                labels,
                station,
                upright.LAYOUTS[section.name],
            )
            for station, section in enumerate(sections)
        )


SCENE = Scan
