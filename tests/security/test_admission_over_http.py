"""security.md §6.3 over HTTP: every path to a token or by one, crossed with every state that must stop it.

Each cell is a test: the path worked, something above it died, the path refuses. What a state leaves alive is
listed with its reason, and is a test too. Below HTTP the same matrix is `test_admission_matrix`.
"""
