"""Measures Sojourn beside software of the same kind that others wrote: HTTP, session manager, start-up.

`python -m bench` runs it. Only this package reads time to judge speed; tests never do.
"""
