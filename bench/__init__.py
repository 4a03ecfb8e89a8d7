"""Measures Sojourn beside software that others wrote: HTTP, session manager, start-up.

`python -m bench` runs it. Only this package reads time to judge speed; tests never do.
"""
