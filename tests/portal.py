"""The whole portal as real processes, for tests/running and tests/browser."""
