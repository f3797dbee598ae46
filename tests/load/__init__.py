"""Many clients at once: `python -m tests.load` asks a fleet of workers over HTTP, and the engine alone beside it."""
