"""The client half: an HTTP Session that carries a signed-in user to any service, its sign-ins, its
credentials and its accounts. The command line stands above it; below it are `wire`, `driver` and
`errors`. Its public names are those of `sojourn` itself."""
