"""Three annotated scenes in which real machine-learning systems are seen working, and the engines behind them.

`stagelight.village_v0` is the village as an environment; `stagelight.engines` run the systems and record them;
`stagelight.render` draws the recordings and builds the pages.
"""

__version__ = "0.2.0"
