"""What the benchmarks share: a broker, raw clients, processes, statistics, reports."""
