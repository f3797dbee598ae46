"""The public conformance suite against our server: fixtures it needs, its run, and what is known to fail."""
