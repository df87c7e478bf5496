"""A stand-in for Clay: takes rows, keeps Clay's limits, and calls back later."""
