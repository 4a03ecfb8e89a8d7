"""The released version: the one place that says it, read by the build and by `sojourn --version`."""

__version__ = "0.1.0"
