"""Speed of the federation, measured on the real stack: `python -m benchmarks` writes `build/bench.json`."""
