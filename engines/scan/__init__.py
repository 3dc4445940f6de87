"""Scan: a brain from a fraction of its k-space, by a guided diffusion model. The acquisition is simulated.

Read in this order: `data.registry` (whose scans), `acquisition.masks` and `acquisition.operator` (what is measured of
them), `solvers` and `methods.classical` (what can be made of that without a network), `model` (the denoiser),
`methods.diffusion` and `methods.unrolled` (what it makes of the measurements), `metrics` (how good it is). `record`
makes the recording that the scene is drawn from, `benchmark` the table of all methods.
"""
