"""Outside shapes and values, both directions, shared by server and client: pure text and bytes.
Above it stand the stores and both halves, below it only `model` and `errors`. Nothing here does
I/O or reads the clock or random numbers.
"""
