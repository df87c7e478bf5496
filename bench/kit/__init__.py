"""What the benchmarks share: rounds in turns, spreads, results as JSON lines, tables and plots."""
