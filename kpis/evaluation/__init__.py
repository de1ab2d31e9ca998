"""Interval values since go-live against the baseline: the effect, its range, its method. Knows no money."""
