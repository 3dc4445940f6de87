"""Everything that the macros write into a page, and the files they read for it.

* `markup`: elements, with everything in them escaped
* `scene_files`: recordings and manifests, and the end of a build that asks for what they do not hold
* `quantities`, `values`: numbers and words of a run, each with its name
* `claims`: comparisons in prose, recomputed at every build
* `player`, `scene_page`: the parts of a scene's page
* `canvas`, `learning_curves`, `gain_plot`, `rollout_cells`: plots that need no script
* `fact_table`, `rollout_tables`, `scan_tables`, `village_tables`: tables of facts
* `rollout_group`, `try_board`, `try_village`, `reconstructions`, `kspace_painter`: what a reader can try
* `on_demand`: files that a page loads when a reader asks for them
* `citations`: numbers of the works a page cites, and their list
* `prose`: quoted code, constants of the source, reading time, the log, decisions
* `card`: what a page looks like where others link to it
* `accessibility`: an extension of Python-Markdown

Nothing that draws is imported, so that a page never depends on what drew its pictures.
"""
