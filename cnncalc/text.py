"""The sentences a user reads, and the language they are in.

Every one is a whole sentence, a literal template at its place of use with named values put in here, so that
a message catalogue can be drawn from the sources and a translation can put the values in its own order. The English
sentence is the key; the catalogues are in `locale/`. Nothing of gettext is loaded for English.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

Shape = tuple[int, ...]

LANGUAGES = ("en", "zh")
DOMAIN = "cnncalc"
LOCALES = Path(__file__).parent / "locale"
"""Where the catalogues are: `<language>/LC_MESSAGES/cnncalc.mo`."""

_catalogue: NullTranslations | None = None
"""What sentences are looked up in; None for English."""
_language = "en"


def use_language(language: str) -> None:
    """Say every sentence from now on in `language`, one of LANGUAGES, in this process. Raises ValueError for another.

    The language belongs to the process: a worker process starts in English, so call this there with `language()`.
    """
    global _catalogue, _language
    if language not in LANGUAGES:
        raise ValueError(say("there is no language {name}; there are {names}", name=language, names=_listed()))
    if language == "en":
        _catalogue = None
    else:
        from gettext import translation

        _catalogue = translation(DOMAIN, LOCALES, [language])
    _language = language


def _listed() -> str:
    return ", ".join(LANGUAGES)


def language() -> str:
    """Return the language that sentences are in."""
    return _language


def environment_language(environment: Mapping[str, str]) -> str:
    """Return the language that a user's environment asks for; English for any that is not there.

    The first of LANGUAGE, LC_ALL, LC_MESSAGES and LANG that is set decides, as in gettext; LANGUAGE may be a list, of
    which the first known language is taken. Windows, where none is set, is asked itself.
    """
    wanted = next(filter(None, map(environment.get, ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))), "")
    if not wanted and sys.platform == "win32":
        from locale import getlocale

        # "Chinese (Simplified)_China" or "zh_CN"
        wanted = (getlocale()[0] or "").replace("Chinese", "zh")
    for name in wanted.split(":"):
        code = name[:2].lower()
        if code in LANGUAGES and not name[2:3].isalpha():
            return code
    return "en"


def say(template: str, **values: object) -> str:
    """Return the sentence `template` with `values` in their places; a brace that is meant is written twice."""
    if _catalogue is not None:
        template = _catalogue.gettext(template)
    return template.format(**values)


def say_count(one: str, many: str, count: int, **values: object) -> str:
    """Return the sentence for `count` things: `one` for a single one, else `many`; {count} is written with commas."""
    template = _catalogue.ngettext(one, many, count) if _catalogue is not None else one if count == 1 else many
    return template.format(count=number(count), **values)


def later(template: str) -> str:
    """Return a template as it is, to be said later: what stands in a table or a constant is marked with this."""
    return template


SYSTEM_REASONS = frozenset(
    (
        later("No such file or directory"),
        later("Permission denied"),
        later("Is a directory"),
        later("Not a directory"),
        later("File exists"),
        later("File name too long"),
        later("No space left on device"),
        later("Read-only file system"),
        later("Input/output error"),
        later("Disk quota exceeded"),
        later("Operation not permitted"),
    )
)
"""What a system says of files; it says it in English, whatever the user reads."""


def reason_text(error: Exception) -> str:
    """Return why the system refused, or any other error's own text."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return say(text) if text in SYSTEM_REASONS else text


def shape_text(shape: Sequence[int]) -> str:
    """Write a shape as people do: (6, 28, 28) is `6x28x28`."""
    return "x".join(str(size) for size in shape)


def number(value: int | float) -> str:
    """Write a number for people, with a comma each three digits: 61706 is `61,706`."""
    return f"{value:,}"
