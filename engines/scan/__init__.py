"""Scan: a brain from a fraction of its k-space, by a guided diffusion model. The acquisition is simulated.

Read in this order: `data` (whose scans), `masks` and `kspace` (what is measured of them), `baselines` (what classical
methods make of that), `metrics` (how good it is).
"""
