"""What leaves the portal as a file, with its marks."""
