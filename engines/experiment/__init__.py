"""The parts of a run that every engine shares: progress, checkpoints, cached arrays, pools, code versions, statistics.

Read in this order: `progress` (how far a run is, and how it is interrupted), `provenance` (which code made it),
`cache` (arrays that are computed once), `checkpoint` and `training` (a run that resumes to the bit), `weights` (what
it publishes, sealed), `workers` and `pool` (many tasks on many cores or machines), `statistics` (what several seeds say
together), `stretch` (the beginning of a recorded run, run again). `compiling` keeps compiled functions on disk.
"""
