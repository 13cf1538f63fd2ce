"""`python -m crossdock`: the same as the command `crossdock`."""

from crossdock.cli import main

if __name__ == "__main__":
    main()
