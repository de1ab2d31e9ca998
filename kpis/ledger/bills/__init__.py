"""Costs from bills: files of lines to cost entries, each line once, however often its file is sent."""
