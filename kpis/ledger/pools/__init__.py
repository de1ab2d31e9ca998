"""Pools: hours or money on which more than one value driver draws, and what counts of each claim."""
