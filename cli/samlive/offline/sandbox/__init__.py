"""Execution environments: what Lambda is to a function, on this machine."""
