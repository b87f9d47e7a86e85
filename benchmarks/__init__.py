"""Measurements, always beside the bare thing in one run: `python -m benchmarks`."""
