"""Fewer points, the same picture (M4): of each pixel column the first, lowest, highest and last point.

A line through them covers exactly the pixels that a line through all points would (Jugel et al., M4, VLDB 2014).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def kept_points(x: NDArray[np.float64], y: NDArray[np.float64], *, columns: int) -> NDArray[np.intp]:
    """The indices to keep, increasing: at most four for each pixel column and each stretch without a gap.

    x : shape (n,), increasing; y : shape (n,), NaN for a gap. The first NaN of each gap is kept, so that a broken line
    stays broken. Refuses (ValueError) rows of unequal length and fewer than one column.
    """
    if x.shape != y.shape or x.ndim != 1 or columns < 1:
        raise ValueError("x and y must be two equally long rows, columns at least 1")
    if x.size <= 4 * columns:
        return np.arange(x.size)

    width = (x[-1] - x[0]) or 1.0
    column = np.minimum(((x - x[0]) / width * columns).astype(np.intp), columns - 1)
    gap = np.isnan(y)
    opens = np.flatnonzero(gap & ~np.concatenate(([False], gap[:-1])))
    stretch = np.cumsum(np.isin(np.arange(x.size), opens))

    known = np.flatnonzero(~gap)
    if not known.size:
        return opens
    group = stretch[known] * columns + column[known]
    starts = np.flatnonzero(np.concatenate(([True], np.diff(group) != 0)))
    ends = np.concatenate((starts[1:], [known.size])) - 1
    by_value = np.lexsort((y[known], group))
    kept = np.concatenate((known[starts], known[ends], known[by_value[starts]], known[by_value[ends]], opens))
    return np.unique(kept)
