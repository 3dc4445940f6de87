"""From a recording to what a page shows: plan, draw and encode each section, join, publish.

* `plan`: what a scene's pictures depend on, as hashes
* `manifest`: what is published, and whether anything has to be done at all
* `load`: a scene with its recording
* `encode`: one section, its frames as a segment of each video, its still and its loop
* `video`, `loops`: the encoders, and the joining of segments; the seconds of a section that play beside the text
* `cache`: finished sections under their keys, and the lock
* `executor`, `progress`: sections in worker processes, watched
* `document`, `tracks`: what the scene says of itself, and the tracks and transcript made from it
* `publish`: the joined video, the words beside it and, last, the manifest
* `make`: the whole way for one scene
* `watch`, `redraw`: the same again after each save of a file, by a process that stays warm
* `check`: the way back: is what is published what the recording gives? `compare` sets a section beside its re-drawing,
  `perceptual` says whether the two look the same, `triptych` shows where they do not, `environment` whether they have
  to be the same bits
* `gallery`: every component's own example, on one sheet
"""


class InputError(ValueError):
    """A request for something that does not exist or makes no sense; the message says what would."""


class RenderError(RuntimeError):
    """A scene could not be drawn or published; the message says where and why, in one line."""


def one_line(error: BaseException) -> str:
    """An exception in one line: its kind and its words."""
    return " ".join(f"{type(error).__name__}: {error}".split())
