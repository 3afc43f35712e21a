"""The command line: a command parses its arguments, makes one library and one render call, and picks an exit code."""

from __future__ import annotations


def main() -> None:
    """Run the command line. Exit codes: 0 fine, 1 a finding, 2 usage or invalid input, 3 a limit, 130 interrupted."""
    import os
    import sys

    try:
        from cnncalc.cli.language import settle_language

        settle_language(sys.argv[1:], os.environ)
        from cnncalc.cli.app import application, asked_for
        from cnncalc.cli.guard import settle
        from cnncalc.render.screen import make_streams_safe

        make_streams_safe()
        try:
            application(asked_for(sys.argv[1:]))(prog_name="cnncalc")
        except SystemExit as end:
            # Where nobody reads on, typer and rich exit with 1, which here means a finding.
            if isinstance(end.__context__, BrokenPipeError):
                sys.exit(0)
            raise
        except OSError as error:
            sys.exit(settle(error))
    except KeyboardInterrupt:
        sys.exit(130)
