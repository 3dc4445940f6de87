"""Three annotated scenes in which real machine-learning systems are seen working, and the engines behind them.

`stagelight.engines` run the systems and record them; `stagelight.render` draws the recordings and builds the pages.
"""

from importlib.metadata import version

__version__ = version("stagelight")
