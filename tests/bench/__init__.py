"""What Sonik costs in time and memory: `python -m tests.bench`, or `make bench`."""
