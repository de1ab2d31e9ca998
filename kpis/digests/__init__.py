"""Scheduled mail: when due, what it says, how it looks, delivered once."""
