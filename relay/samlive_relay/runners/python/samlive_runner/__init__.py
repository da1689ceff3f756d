"""What runs a Python handler; see `serve` for the life of one environment."""
