"""Numbers, dates and verdicts as phrases in the reader's language. Knows no table."""
