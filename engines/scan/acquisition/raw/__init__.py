"""Readers of measured k-space: npy and npz, BART, fastMRI, ISMRMRD and Siemens twix, each into a `RawScan`.

`reading.read` takes any of them. A module for each format turns its file into `Contents`; `contents.checked` makes a
`RawScan` of that, the same way for all.
"""
