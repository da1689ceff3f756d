"""The fault-injection suite as a table: its cases, and how they are run."""
