"""Values and rules: what a sign-in, a grant and a token are, and when they are good. One file a noun.

Pure: no I/O, no clock, no randomness; `now` and new ids are arguments. `store.records` turns these values into records,
`wire` turns outside shapes into them. Times are UTC integer milliseconds; a span is live while `now < end`.
"""
