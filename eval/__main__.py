"""The command: `python -m eval run`, `compare`, `report`."""

from eval.cli import main

if __name__ == "__main__":
    main()
