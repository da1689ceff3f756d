"""The stand-in for the managed Python runtimes."""
