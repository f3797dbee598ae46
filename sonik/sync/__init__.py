"""From truth to the sinks: dirty keys in a safe order, re-read and applied, each sink with its own cursor."""
