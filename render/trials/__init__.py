"""Trials: attempts to break the project, many of one kind at a time, and a table of what came of them.

* `bad_input`, `hostile_words`: a kind each, with all its cases
* `readers`: what reads files and texts from outside, and bad input for each
* `mutations`, `kspace_files`: damage to bytes, and files of measured k-space to be damaged
* `raw_server`: a server that answers with bytes that it is given
* `answers`: when a reader's answer to bad input is a good one
* `course`: a run of one kind
* `workers`: cases in a process whose memory and time are bounded
* `results`: what came of a kind, as JSON
"""
