"""Prints the measurements, each beside the bare thing in the same run: `python -m benchmarks`."""

import asyncio

from benchmarks.create import measure


def main() -> None:
    """Measure the create and print its table."""
    outcome = asyncio.run(measure())
    bare = outcome["bare"]["rate"]
    print("POST /v1/complaints, one process, 16 connections, median of 3 rounds")
    print(f"{'':<10}{'per second':>12}{'p50 ms':>10}{'p99 ms':>10}{'against bare':>14}")
    for name, row in outcome.items():
        print(
            f"{name:<10}{row['rate']:>12.0f}{row['p50_ms']:>10.1f}{row['p99_ms']:>10.1f}{row['rate'] / bare:>14.2f}"
        )


if __name__ == "__main__":
    main()
