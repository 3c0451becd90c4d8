"""The command line: one module a command, each with help and an example."""
