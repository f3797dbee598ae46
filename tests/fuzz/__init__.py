"""Random calls of everything the server offers, and what every answer must hold: ``python -m tests.fuzz``."""
