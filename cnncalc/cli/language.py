"""Which language a command speaks, settled before the commands are imported: their help texts are read at import."""

from __future__ import annotations

import gettext
from collections.abc import MutableMapping, Sequence

from cnncalc.text import DOMAIN, LANGUAGES, LOCALES, environment_language, language, use_language


def settle_language(arguments: Sequence[str], environment: MutableMapping[str, str]) -> None:
    """Use the language of `--lang`, else of the environment; Typer's own headings follow by its gettext domain."""
    use_language(written_language(arguments) or environment_language(environment))
    if language() == "en":
        return
    # Typer asks gettext's global domain, and gettext the environment.
    environment["LANGUAGE"] = language()
    gettext.bindtextdomain(DOMAIN, LOCALES)
    gettext.textdomain(DOMAIN)


def written_language(arguments: Sequence[str]) -> str:
    """Return the last language that `--lang` names, or nothing; what is no language is told when options are read."""
    found = ""
    for at, argument in enumerate(arguments):
        if argument == "--":
            break
        option, equals, value = argument.partition("=")
        if option == "--lang":
            value = value if equals else "".join(arguments[at + 1 : at + 2])
            found = value if value in LANGUAGES else found
    return found
