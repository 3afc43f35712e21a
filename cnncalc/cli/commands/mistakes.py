"""`cnncalc mistakes`: the names by which assignments give partial credit."""

from __future__ import annotations

import sys

from cnncalc.cli.guard import guard
from cnncalc.cli.options import Color, ColorOption, JsonOption, LangOption
from cnncalc.text import say

HELP = say("List the mistakes that wrong numbers are traced to, with the names that partial credit goes by.")
EXAMPLE = "cnncalc mistakes"


def mistakes(json: JsonOption = False, color: ColorOption = Color.auto, lang: LangOption = None) -> None:
    """Print the catalogue."""
    with guard(as_json=json, color=color.value):
        from cnncalc.render.mistakes import mistake_lines, mistakes_json
        from cnncalc.render.screen import Screen
        from cnncalc.render.to_json import dumps

        if json:
            sys.stdout.write(dumps(mistakes_json()))
        else:
            Screen(sys.stdout, color.value).show(mistake_lines())
