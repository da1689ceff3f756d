"""The tools that `peers.py` runs side by side: one module per tool."""
