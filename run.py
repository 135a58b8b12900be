"""The command: `python run.py` is `python run.py serve`."""

from dip.cli import main

if __name__ == "__main__":
    main()
