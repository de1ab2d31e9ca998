"""A /metrics page read directly, without a Prometheus in between: gauges, and what counters grew by since last time."""
