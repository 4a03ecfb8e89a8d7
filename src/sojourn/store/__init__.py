"""Where records live: one contract of eight verbs, its backends, and the mapping of values to records.

`contract` is what everything above speaks; `records` turns values of `model` into records and back; `open` turns a URL
into a backend. Nothing above names a backend.
"""
