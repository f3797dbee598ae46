"""What Sonik's retrieval is worth, against its plain alternatives: `python -m eval`."""
