"""Rules that find what needs a person now, each with its figure and its address."""
