"""Benchmarks: what the figures in the documents were measured with."""
