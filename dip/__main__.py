"""`python -m dip` is `python run.py`."""

from dip.cli import main

if __name__ == "__main__":
    main()
