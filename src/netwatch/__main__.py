"""`python -m netwatch`."""

from netwatch.cli import main

if __name__ == "__main__":
    main()
