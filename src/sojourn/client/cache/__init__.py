"""The sealed credential store: one file a credential, its key in the OS keyring or in a file only
its owner reads. Accounts and renewal stand above it; below it is `wire.seal`. Reading imports
nothing that costs more than it must."""
