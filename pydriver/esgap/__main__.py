"""`python -m esgap`, the same as `esgap`."""

from esgap.cli import main

if __name__ == "__main__":
    main()
