"""The parts that the macros write into a page, and the files they read for it.

* `markup`: elements, with everything in them escaped
* `published`: what rendering and recording left behind, and the end of a build that asks for what they did not
* `figures`: numbers and words of a run, each with its name
* `pieces`: the player, stills, transcript, downloads: the parts of a scene's page
* `reserve`: the village's table of reserves and shocks
* `citations`: numbers of the works a page cites, and their list
* `prose`: code quoted, words counted, decisions listed

Nothing that draws is imported, so that a page never depends on what drew its pictures.
"""
