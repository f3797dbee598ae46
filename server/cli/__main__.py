"""`python -m server.cli` is `sonik`."""

from server.cli.main import main

if __name__ == "__main__":
    main()
