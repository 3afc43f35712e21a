"""What a student may be told who is to find the answer: what is wrong and by which mistake, and no answer in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnncalc.homework.marks import Checked, Diagnosis, Mark
from cnncalc.text import number

TELLING = frozenset(("another-layer",))
"""Mistakes whose name alone gives an answer away: that it is right elsewhere."""


def as_hints(checked: Checked) -> Checked:
    """Return the marks without the working of mistakes, and without any number that answers a question not yet right.

    The working of one wrong total would hold the right numbers of every layer.
    """
    hidden = frozenset(text for mark in checked.marks if mark.verdict != "right" for text in _texts(mark))
    return checked._replace(marks=tuple(_hint(mark, hidden) for mark in checked.marks))


def _hint(mark: Mark, hidden: frozenset[str]) -> Mark:
    told = [one for one in mark.diagnoses if not any(named.name in TELLING for named in one.mistakes)]
    return mark._replace(diagnoses=tuple(dict.fromkeys(_masked(one, hidden) for one in told)))


def _masked(diagnosis: Diagnosis, hidden: frozenset[str]) -> Diagnosis:
    named = tuple(one._replace(sentence=masked(one.sentence, hidden)) for one in diagnosis.mistakes)
    return diagnosis._replace(mistakes=named, numbers="")


def masked(sentence: str, hidden: frozenset[str]) -> str:
    """Return a sentence with an ellipsis for each number or shape in it that is hidden."""
    return _NUMBER.sub(lambda found: "…" if found[0].replace("×", "x") in hidden else found[0], sentence)


_NUMBER = re.compile(r"\d+(?:[,.]\d+)*(?:[x×]\d+)*")
"""A number or a shape as sentences have it."""


def _texts(mark: Mark) -> Iterator[str]:
    """Yield how an expected value might stand in a sentence."""
    sizes = [str(size) for size in mark.expected]
    if mark.question.asked.about.kind == "number" and mark.expected:
        yield from (sizes[0], number(int(mark.expected[0])))
    elif len(set(sizes)) == 1 and mark.question.asked.about.kind == "size":
        yield sizes[0]
    elif sizes:
        yield "x".join(sizes)
        yield "x".join([*sizes[1:], sizes[0]])
        if len(sizes) > 2:
            yield "x".join(sizes[1:])
