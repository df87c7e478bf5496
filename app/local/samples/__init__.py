"""Files that look like the real thing, for the demo, the seeds, the tests and the benchmarks."""
