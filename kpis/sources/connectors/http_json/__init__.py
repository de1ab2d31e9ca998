"""A business system's JSON over HTTP: a path, a jmespath to the list of rows, and one for each member of a point."""
