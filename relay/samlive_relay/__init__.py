"""The relay: takes invocations from the cloud, runs them here, answers."""
