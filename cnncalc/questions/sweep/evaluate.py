"""One combination after another: the spec is read once, and built and analysed for each. What a worker runs."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from cnncalc import __version__
from cnncalc.analysis.memory import BITS
from cnncalc.diagnostics import CnncalcError, Diagnostic, did_you_mean
from cnncalc.graph import INPUT
from cnncalc.questions.sweep.plan import Plan
from cnncalc.questions.sweep.quantities import Cell, Column, Facts, var_column
from cnncalc.spec.expressions import Value as Number
from cnncalc.spec.fields import WORDS
from cnncalc.spec.load import draft
from cnncalc.text import Shape, language, say, use_language


class Job(NamedTuple):
    """All that a worker needs. `columns`: quantities only; the vars of the plan come before them in a row."""

    text: str
    source: str
    plan: Plan
    columns: tuple[Column, ...]
    batch: int
    dtype: str
    max_layers: int
    language: str
    version: str

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The columns of a row: the vars, then the quantities."""
        return (*map(var_column, self.plan.names), *self.columns)


class Row(NamedTuple):
    """One combination: its vars, and its quantities, or None for each where `error` says why there are none."""

    cells: tuple[Cell, ...]
    error: str = ""


def make_job(
    text: str, source: str, plan: Plan, columns: tuple[Column, ...], batch: int, dtype: str, max_layers: int
) -> Job:
    """Return the job of this process's language and version. Raises CnncalcError (E222) for a batch or a dtype."""
    if batch < 1:
        raise CnncalcError([Diagnostic("E222", say("batch must be 1 or more, got {batch}", batch=batch))])
    if dtype not in BITS:
        known = say("there are {names}", names=", ".join(BITS))
        raise CnncalcError([Diagnostic("E222", say("there is no dtype {dtype}", dtype=dtype), help=known)])
    return Job(text, source, plan, columns, batch, dtype, max_layers, language(), __version__)


class Evaluator:
    """Works out the rows of one job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._draft = draft(job.text, source=job.source)

    def row(self, index: int) -> Row:
        """Return the row of one combination."""
        values = self.job.plan.combination(index)
        try:
            facts, numbers = self.facts(values)
            cells = tuple(column.of(facts) for column in self.job.columns)
        except CnncalcError as error:
            return Row((*values.values(), *(None for _ in self.job.columns)), self._problem(error.diagnostics[0]))
        return Row((*(numbers.get(name, value) for name, value in values.items()), *cells))

    def _problem(self, found: Diagnostic) -> str:
        """Return what is wrong, in one line; where the spec says so, with the line of it."""
        problem = f"{found.code}: {found.message}"
        if found.span is None or found.span.source != self.job.source:
            return problem
        return say("{problem} (line {line})", problem=problem, line=found.span.line)

    def facts(self, values: dict[str, Number | Shape]) -> tuple[Facts, dict[str, Number]]:
        """Return the facts of a combination, and the values of the vars that are expressions. Raises CnncalcError."""
        shape = values.get(INPUT)
        settings = {name: value for name, value in values.items() if not isinstance(value, tuple)}
        graph = self._draft.graph(
            input_shape=shape if isinstance(shape, tuple) else None, settings=settings, max_layers=self.job.max_layers
        )
        is_worked_out = any(isinstance(value, str) and value not in WORDS for value in settings.values())
        numbers = self._draft.variables(settings) if is_worked_out else {}
        return Facts(graph, self.job.batch, self.job.dtype), numbers


def refuse_missing_places(job: Job) -> None:
    """Raise CnncalcError (E733) for a column of a place that neither the first nor the last network has.

    Where one of the two is not possible, nothing is known of the networks between.
    """
    wanted = [column for column in job.columns if column.place]
    if not wanted:
        return
    evaluator = Evaluator(job)
    names: dict[str, None] = {}
    for index in (0, job.plan.size - 1):
        try:
            facts, _ = evaluator.facts(job.plan.combination(index))
        except CnncalcError:
            return
        names.update(dict.fromkeys(name for node in facts.graph.executed for name in _beginnings(node.name)))
    for column in wanted:
        if column.place not in names:
            near = did_you_mean(column.place, names)
            message = say("{key}: the network has no layer {name}", key=column.key, name=column.place)
            help = say("did you mean {name}?", name=near) if near else say("there are {names}", names=_some(names))
            raise CnncalcError([Diagnostic("E733", message, help=help)])


def _some(names: Iterable[str]) -> str:
    return ", ".join([*names][:12])


def _beginnings(name: str) -> list[str]:
    """Return a name and the groups it is in: layer1, layer1.0, layer1.0.conv1."""
    parts = name.split(".")
    return [".".join(parts[: at + 1]) for at in range(len(parts))]


@lru_cache(maxsize=2)
def _evaluator(job: bytes) -> Evaluator:
    return Evaluator(pickle.loads(job))


def evaluate_chunk(job: bytes, first: int, last: int) -> list[Row] | str:
    """Return the rows `first` to `last` - 1 of a pickled job; where this is another version of cnncalc, that version.

    This is the one function that runs in a worker.
    """
    evaluator = _evaluator(job)
    if evaluator.job.version != __version__:
        return __version__
    use_language(evaluator.job.language)
    return [evaluator.row(index) for index in range(first, last)]
