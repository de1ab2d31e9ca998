"""One module a connector; none knows another."""
