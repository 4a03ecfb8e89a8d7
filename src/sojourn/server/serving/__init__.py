"""`sojourn serve`: one process that answers, from a checked start (`preflight`) to a drained end (`run.serve`).

It stands above `app`, which it builds and closes; the command line calls it.
"""
