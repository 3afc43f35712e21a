"""One network under many settings: every combination of values of its vars and its input, and what each costs.

`sweep` yields the rows; the parts that the command line is made of are the modules here: `values` and `plan` (which
combinations), `quantities` (what is told of each), `evaluate` and `run` (the work), `results` (the file that rows are
streamed to), `chosen` and `pareto` (which rows are wanted, and which are the best).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cnncalc.graph import INPUT
from cnncalc.questions.sweep.evaluate import Job, make_job, refuse_missing_places
from cnncalc.questions.sweep.plan import Plan, make_plan
from cnncalc.questions.sweep.quantities import DEFAULT, QUANTITIES, WHOLE, Cell, Column, read_columns
from cnncalc.questions.sweep.run import run
from cnncalc.spec.files import read_text
from cnncalc.spec.load import Draft, draft
from cnncalc.spec.nodes import MAX_LAYERS
from cnncalc.spec.source import Sequence as List
from cnncalc.text import Shape, shape_text

Given = str | int | float | Iterable[str | int | float | Shape]
"""The values of a name: as on the command line, or a number, or some of them, also words and shapes."""

MAX_COMBINATIONS = 100_000
"""What may be asked for unless a caller says otherwise."""


def sweep(
    path: str,
    sets: Sequence[str] | Mapping[str, Given],
    *,
    together: Sequence[str] = (),
    columns: str | Sequence[str] = DEFAULT,
    batch: int = 1,
    dtype: str = "float32",
    jobs: int = 1,
    max_layers: int = MAX_LAYERS,
    max_combinations: int = MAX_COMBINATIONS,
) -> Iterator[dict[str, Cell]]:
    """Yield a row for each combination of the spec at `path`: {var: value, ..., quantity: value, ..., "error": text}.

    `sets` are `NAME=VALUES` texts as on the command line, or {name: values}, where values may also be a number or a
    list of numbers, words and shapes. Shapes are tuples; a combination that the network does not allow has None for its
    quantities, and an error. With `jobs` above 1 processes are started, which a program must allow for as always
    (`if __name__ == "__main__":`). Raises CnncalcError before the first row.
    """
    given = [f"{name}={_written(values)}" for name, values in sets.items()] if isinstance(sets, Mapping) else sets
    names = columns.split(",") if isinstance(columns, str) else columns
    drafted = draft(read_text(path), source=path)
    plan = plan_of(drafted, given, together, max_combinations)
    return _rows(job_for(drafted, plan, names, (), batch, dtype, max_layers), jobs)


def _written(values: Given) -> str:
    """Return values as the command line takes them."""
    if isinstance(values, str):
        return values
    listed = values if isinstance(values, Iterable) else [values]
    return ",".join(map(_value_text, listed))


def _value_text(value: str | int | float | Shape) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return shape_text(value) if isinstance(value, tuple) else str(value)


def plan_of(drafted: Draft, given: Sequence[str], together: Sequence[str], limit: int) -> Plan:
    """Return the plan for a spec. Raises CnncalcError for what is wrong with the spec itself, or with the values."""
    drafted.problems.raise_if_any()
    entry = drafted.structure.entries.get(INPUT)
    axes = len(entry.value.items) if entry and isinstance(entry.value, List) else 0
    return make_plan(given, together, list(drafted.structure.variables), axes, limit)


def job_for(
    drafted: Draft, plan: Plan, names: Sequence[str], also: Sequence[str], batch: int, dtype: str, max_layers: int
) -> Job:
    """Return the job that tells the quantities `names`, and those of `also` that are no var of the plan.

    A var of the plan is a column anyway; a quantity of the same name becomes `total.NAME`. Raises CnncalcError (E733)
    for a quantity there is not, or a place that neither end of the plan has.
    """
    asked = [name for name in names if name.strip() not in plan.names or name.strip() in QUANTITIES]
    found = read_columns([*asked, *(name for name in also if name not in plan.names)], plan.names)
    columns = (one._replace(key=f"{WHOLE}.{one.key}") if one.key in plan.names else one for one in found)
    problems = drafted.problems
    job = make_job(problems.text, problems.source, plan, tuple(columns), batch, dtype, max_layers)
    refuse_missing_places(job)
    return job


def _rows(job: Job, jobs: int) -> Iterator[dict[str, Cell]]:
    from cnncalc.executors import processes

    names = [column.key for column in job.all_columns]
    if jobs == 1:
        chunks = run(job, None, 1)
        yield from (_named(names, row.cells, row.error) for rows in chunks for row in rows)
        return
    with processes(jobs) as executor:
        chunks = run(job, executor, jobs)
        yield from (_named(names, row.cells, row.error) for rows in chunks for row in rows)


def _named(names: Sequence[str], cells: Sequence[Cell], error: str) -> dict[str, Cell]:
    return {**dict(zip(names, cells, strict=True)), "error": error or None}


__all__ = ["DEFAULT", "MAX_COMBINATIONS", "Column", "Draft", "job_for", "plan_of", "sweep"]
