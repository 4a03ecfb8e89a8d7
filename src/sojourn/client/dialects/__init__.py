"""The systems that the client speaks, a package each. They do not know each other; sessions and
accounts stand above them, below them are renewal, the environment and `wire`."""
