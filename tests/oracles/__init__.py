"""Published data sets and second implementations, written without looking at ours."""
