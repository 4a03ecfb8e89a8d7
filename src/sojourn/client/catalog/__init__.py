"""Where services answer: endpoints of a catalog, names of services, versions and their discovery.
Sessions and dialects stand above it; below it are the environment and `wire`."""
