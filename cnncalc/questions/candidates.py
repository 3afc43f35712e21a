"""Which networks are compared: files, each as it is and with other vars or another input, and what is made lighter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cnncalc.analysis.report import analyze
from cnncalc.graph import Graph
from cnncalc.lighter import Lightened, Wishes, lighten
from cnncalc.questions.compare import Candidate
from cnncalc.spec.files import read_text
from cnncalc.spec.load import draft
from cnncalc.spec.nodes import MAX_LAYERS
from cnncalc.text import Shape, say

Number = int | float | bool | str


class Variant(NamedTuple):
    """A network with other vars or another input; `text` is how it was asked for, empty as it is."""

    text: str = ""
    settings: Mapping[str, Number] = {}
    input_shape: Shape | None = None


AS_IT_IS = Variant()


def candidates(
    files: Sequence[str],
    variants: Sequence[Variant] = (),
    *,
    common: Variant = AS_IT_IS,
    wishes: Wishes | None = None,
    batch: int = 1,
    dtype: str = "float32",
    max_layers: int = MAX_LAYERS,
) -> list[Candidate]:
    """Return each file's network as it is and with each of `variants`, in this order; `common` is put into all of them.

    With `wishes` each is followed by itself made lighter. Raises CnncalcError for what is wrong with a spec, a variant
    or a wish.
    """
    found: list[tuple[str, str, Candidate]] = []
    for file in files:
        drafted = draft(read_text(file), source="<stdin>" if file == "-" else file)
        for variant in (AS_IT_IS, *variants):
            graph = drafted.graph(
                input_shape=variant.input_shape or common.input_shape,
                settings={**common.settings, **variant.settings},
                max_layers=max_layers,
            )
            found += [(file, variant.text, one) for one in _with_lighter(graph, wishes, batch, dtype)]
    return _labelled(found)


def _with_lighter(graph: Graph, wishes: Wishes | None, batch: int, dtype: str) -> list[Candidate]:
    if wishes is None:
        return [Candidate(graph.name, analyze(graph, batch=batch, dtype=dtype))]
    made = lighten(graph, wishes, batch=batch, dtype=dtype)
    original = Candidate(graph.name, made.original, made.original.totals.parameters, made.original_stored.total)
    return [original, of_lightened(made)]


def of_lightened(made: Lightened) -> Candidate:
    """Return a lighter network as a candidate, with its non-zero parameters, stored bytes and notes."""
    wishes = made.wishes
    words = [*(wish.text for wish in wishes.prune), *([wishes.quantize] if wishes.quantize else [])]
    label = say("{name}, {changes}", name=made.report.graph.name, changes=" ".join(words))
    return Candidate(label, made.report, made.nonzero_parameters, made.stored_bytes, made.notes)


def _labelled(found: Sequence[tuple[str, str, Candidate]]) -> list[Candidate]:
    """Return the candidates with labels that tell them apart: the variant, then the file where names are the same."""
    labels = [f"{one.label} {text}" if text else one.label for _, text, one in found]
    count = Counter(labels)
    labels = [
        f"{label} ({Path(file).name})" if count[label] > 1 else label
        for label, (file, _, _) in zip(labels, found, strict=True)
    ]
    return [one._replace(label=label) for label, (_, _, one) in zip(labels, found, strict=True)]
