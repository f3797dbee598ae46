"""The command line: `sonik --help`."""

from server.cli.main import main

__all__ = ["main"]
