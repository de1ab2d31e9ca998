"""The store of points: series, rows, the batches they came in. Leaves an Arrival for each touched series."""
