"""The command line: each command parses its arguments, makes one library call, one render call, and picks an exit code."""

from __future__ import annotations


def main() -> None:
    """Run the command line. Exit codes: 0 fine, 1 a finding, 2 usage or invalid input, 3 a limit, 130 interrupted."""
    import sys

    try:
        from cnncalc.cli.app import app
        from cnncalc.render.screen import make_streams_safe

        make_streams_safe()
        app()
    except KeyboardInterrupt:
        sys.exit(130)
