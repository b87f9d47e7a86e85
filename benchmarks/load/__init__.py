"""A bounded, seeded CRM that hands over complaints at a rate, on loopback alone: `python -m benchmarks.load`."""
