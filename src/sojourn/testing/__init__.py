"""Published for others: suites that a backend or plugin must pass, a clock and randomness that a
test holds in its hand. It stands above everything; of the modules here only the suites need pytest.
"""
