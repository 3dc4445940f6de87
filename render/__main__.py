"""`python -m render` is the command line."""

from render.cli import main

if __name__ == "__main__":
    main()
