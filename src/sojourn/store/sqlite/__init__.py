"""Records in one SQLite file that one process owns. `open` makes a store of it; `contract`,
`cursor` and `steps` stand below. `file` opens and locks, `reader` and `writer` hold the statements,
`blocking` and `grouped` are the two faces, `faults` says what an error of SQLite means to a caller.
"""
