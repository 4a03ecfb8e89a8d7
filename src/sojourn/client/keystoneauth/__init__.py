"""Living beside keystoneauth1: our plugins in its Session, its plugins in ours, and errors that its
callers' `except` catches. It is never imported from here, only looked up among what is loaded."""
