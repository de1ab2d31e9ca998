"""The proof file: what a figure of one initiative rests on, checksums, and a script that computes it without us."""
