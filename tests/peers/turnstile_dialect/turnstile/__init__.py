"""A dialect that comes with another package: a key at `/pass` gets a pass for an hour."""
