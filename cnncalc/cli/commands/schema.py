"""`cnncalc schema`: the JSON Schema of specs."""

from __future__ import annotations

import sys

from cnncalc.cli.guard import guard
from cnncalc.cli.options import (
    LangOption,
)
from cnncalc.text import say

HELP = say("Print the JSON Schema of specs, for editors that complete and check them.")
EXAMPLE = "cnncalc schema > cnncalc.schema.json"


def schema(lang: LangOption = None) -> None:
    """Print the schema."""
    with guard():
        from cnncalc.render.to_json import dumps
        from cnncalc.spec.schema import schema as build

        sys.stdout.write(dumps(build()))
