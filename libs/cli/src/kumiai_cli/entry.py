"""Where the program begins: Ctrl-C ends it without a traceback also in the second that it takes to load."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Load the commands and run the one that was asked for."""
    try:
        from kumiai_cli.main import app

        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
