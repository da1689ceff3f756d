"""Ways to reach the broker; each module wraps one client library."""
