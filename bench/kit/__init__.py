"""What the benchmarks share: who has used how much processor time, and how to call a server over HTTP."""
