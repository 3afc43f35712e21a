"""The keys of a mapping that the format knows, and what is said of the others."""

from __future__ import annotations

from cnncalc.diagnostics import did_you_mean
from cnncalc.spec.problems import Problems, identifier_problem, suggestion
from cnncalc.spec.source import Entry, Mapping
from cnncalc.text import say


def known_keys(problems: Problems, mapping: Mapping, known: tuple[str, ...], what: str) -> dict[str, Entry]:
    """Return a mapping's entries by key; those not in `known` are problems."""
    found: dict[str, Entry] = {}
    for entry in mapping.entries:
        key = entry.key.text
        if key in known:
            found[key] = entry
        else:
            problem = identifier_problem(entry.key)
            if problem:
                problems.take(problem)
            else:
                problems.add(
                    "E202",
                    say("{what} has no key {key}", what=what, key=key),
                    entry.key.span,
                    suggestion(key, list(known)),
                )
    return found


def lacks(found: dict[str, Entry], mapping: Mapping, name: str, known: tuple[str, ...]) -> bool:
    """Tell whether `name` is missing from a mapping's keys, and no misspelt key was meant for it."""
    unknown = [entry.key.text for entry in mapping.entries if entry.key.text not in known]
    return name not in found and not any(did_you_mean(key.partition(":")[0], known) == name for key in unknown)
