"""A whole network the other way round: which arguments, vars or inputs give a wanted shape, receptive field or cost.

Each combination is a network of its own, built and analysed anew; nothing is inferred from its neighbours. A layer's
argument is changed in that layer alone, and the inferred sizes after it follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import product
from typing import NamedTuple

from cnncalc.analysis.explain import explain
from cnncalc.analysis.report import Report, analyze
from cnncalc.diagnostics import CnncalcError
from cnncalc.graph import Graph
from cnncalc.layers.base import Rule
from cnncalc.questions.solve.built import Network, Path, build, path_to, sized_by
from cnncalc.questions.solve.ranges import Value, Values, combination_count, refuse_too_many, refused
from cnncalc.questions.solve.targets import Reading, Target, distance, read
from cnncalc.questions.solve.unknowns import Unknown, find_node, unknowns
from cnncalc.text import say

MOST_NETWORKS = 20_000
"""Tried without being told to; a network takes about a millisecond."""

MISSES_SHOWN = 4

Watching = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Given how many steps there are, gives what is told of each."""


def _unwatched(total: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda count: None)


class Outcome(NamedTuple):
    """One combination. `readings` are what it has of each target; `problem` says why the network cannot be, or nothing.

    A network that cannot be may have readings still: what does not fit may come after the layer that is looked at.
    """

    values: dict[str, Value]
    readings: tuple[Reading, ...]
    problem: str = ""


class Stretch(NamedTuple):
    """Solutions that follow one another in the values of the last unknown."""

    first: Outcome
    last: Outcome


class NetworkAnswer(NamedTuple):
    """The answer. `at` is the layer looked at; `rules` derive the first solution there, by layer name; where the input
    is varied for a shape, `paths` lead from it to there in the first and the last solution.

    `solutions` are all that were found, `stretches` the same, first and last. Where there is none, `misses` are the
    nearest. `broken` of the `tried` combinations give no network; `broken_because` is what is wrong with the last one.
    """

    graph: Graph
    at: str
    targets: tuple[Target, ...]
    unknowns: tuple[Unknown, ...]
    solutions: list[Outcome]
    stretches: list[Stretch]
    misses: list[Outcome]
    rules: dict[str, list[Rule]]
    paths: list[Path]
    tried: int
    broken: int
    broken_because: str

    @property
    def solved(self) -> bool:
        """Whether there is a solution."""
        return bool(self.solutions)


def solve_network(
    network: Network,
    targets: Sequence[Target],
    vary: Mapping[str, Values | None],
    *,
    layer: str | None = None,
    at: str | None = None,
    max_combinations: int = MOST_NETWORKS,
    watching: Watching | None = None,
) -> NetworkAnswer:
    """Return every combination of `vary` that meets all `targets`, smallest first in the order of `vary`.

    A name in `vary` is an argument of `layer`, of another layer (`conv2.padding`), a var of the spec, `input` (all its
    spatial sizes alike) or one of them (`height`). Shapes and receptive fields are read at `at`, else at `layer`, else
    at the output; of a group's name its last layer is meant. `watching` is given how many combinations there are, and
    gives what is told of each one tried.
    Raises CnncalcError: what is wrong with the spec as it is, E720 for a question that makes no sense, E223 for a layer
    there is not, E472 where there are more combinations than `max_combinations`.
    """
    if not vary:
        raise refused(
            say("nothing is said of what may vary"), say("write --vary input, a var, or --layer conv1 --vary padding")
        )
    if not targets:
        raise refused(say("nothing is said of what is wanted"), say("write --target 14x14, or --target 'params<=5M'"))
    graph = network.draft.graph(
        input_shape=network.input_shape, settings=network.settings, max_layers=network.max_layers
    )
    place = at or layer or graph.outputs[0]
    find_node(graph, place)
    varied = unknowns(graph, network.draft.variables(network.settings), vary, layer)
    tried = combination_count({one.name: one.values for one in varied})
    refuse_too_many(tried, max_combinations)
    solutions: list[Outcome] = []
    others: list[tuple[float, Outcome]] = []
    broken: list[Outcome] = []
    with (watching or _unwatched)(tried) as advance:
        for values in _combinations(varied):
            outcome = _outcome(network, graph, varied, values, targets, place)
            away = _away(targets, outcome)
            if outcome.problem:
                broken.append(outcome)
            if away == 0 and not outcome.problem:
                solutions.append(outcome)
            elif away is not None:
                others.append((away, outcome))
            advance(1)
    return NetworkAnswer(
        graph,
        find_node(graph, place).name,
        tuple(targets),
        tuple(varied),
        solutions,
        list(_stretches(varied, solutions)),
        [] if solutions else _nearest(others),
        _derivation(network, graph, varied, solutions, targets, place) if solutions else {},
        _paths(network, graph, varied, solutions, targets, place),
        tried,
        len(broken),
        broken[-1].problem if broken else "",
    )


def _combinations(varied: Sequence[Unknown]) -> Iterator[dict[str, Value]]:
    for values in product(*(one.values for one in varied)):
        yield dict(zip((one.name for one in varied), values, strict=True))


def _outcome(
    network: Network,
    graph: Graph,
    varied: Sequence[Unknown],
    values: dict[str, Value],
    targets: Sequence[Target],
    place: str,
) -> Outcome:
    """Build one combination and read what is wanted of it."""
    try:
        built, problem = build(network, graph, varied, values)
        if problem and not _has(built, place):
            return Outcome(values, (), problem)
        report: Report | None = None
        if not problem and any(target.quantity != "shape" for target in targets):
            report = analyze(built, batch=network.batch, dtype=network.dtype)
        node = find_node(built, place)
    except CnncalcError as error:
        if any(found.is_limit for found in error.diagnostics):
            raise
        return Outcome(values, (), error.diagnostics[0].message)
    if report is None and any(target.quantity != "shape" for target in targets):
        return Outcome(values, (), problem)
    return Outcome(values, tuple(read(target, node, report) for target in targets), problem)


def _has(graph: Graph, place: str) -> bool:
    return any(node.name == place or node.name.startswith(f"{place}.") for node in graph.every_node())


def _away(targets: Sequence[Target], outcome: Outcome) -> float | None:
    """Return how far an outcome is from the targets, each in parts of its own size; None where it cannot be told."""
    total = 0.0
    for target, reading in zip(targets, outcome.readings, strict=False):
        lacking = distance(target, reading)
        if lacking is None:
            return None
        wanted = target.wanted if isinstance(target.wanted, int) else sum(target.wanted)
        total += lacking / max(1, wanted)
    return total if outcome.readings else None


def _nearest(others: Sequence[tuple[float, Outcome]]) -> list[Outcome]:
    """Return the nearest outcomes that differ in what they give, nearest first."""
    found: dict[tuple[Reading, ...], Outcome] = {}
    for _, outcome in sorted(others, key=lambda one: one[0]):
        found.setdefault(outcome.readings, outcome)
        if len(found) == MISSES_SHOWN:
            break
    return list(found.values())


def _stretches(varied: Sequence[Unknown], solutions: Sequence[Outcome]) -> Iterator[Stretch]:
    """Yield the solutions that follow one another without a gap in the values of the last unknown."""
    last = varied[-1]
    places = {value: at for at, value in enumerate(last.values)}
    current: list[Outcome] = []
    for outcome in solutions:
        follows = (
            isinstance(last.values, range)
            and current
            and all(outcome.values[one.name] == current[-1].values[one.name] for one in varied[:-1])
            and places[outcome.values[last.name]] == places[current[-1].values[last.name]] + 1
        )
        if current and not follows:
            yield Stretch(current[0], current[-1])
            current = []
        current.append(outcome)
    if current:
        yield Stretch(current[0], current[-1])


def _derivation(
    network: Network,
    graph: Graph,
    varied: Sequence[Unknown],
    solutions: Sequence[Outcome],
    targets: Sequence[Target],
    place: str,
) -> dict[str, list[Rule]]:
    """Return the rules, with the first solution's numbers, of the layers that are varied and of the one looked at."""
    built, _ = build(network, graph, varied, solutions[0].values)
    report = analyze(built, batch=network.batch, dtype=network.dtype)
    at = find_node(built, place).name
    wanted = {target.quantity for target in targets}
    changed = [one.layer for one in varied if one.kind == "argument"]
    found: dict[str, list[Rule]] = {}
    for name in dict.fromkeys([*changed, at]):
        if "shape" in wanted:
            source = sized_by(report, name, changed)
            found[source] = explain(report, source).rules["shape"]
        if "rf" in wanted and name == at:
            found.setdefault(name, []).extend(explain(report, name).rules["receptive_field"])
        if "params" in wanted and name != at:
            found.setdefault(name, []).extend(explain(report, name).rules["parameters"])
    return found


def _paths(
    network: Network,
    graph: Graph,
    varied: Sequence[Unknown],
    solutions: list[Outcome],
    targets: Sequence[Target],
    place: str,
) -> list[Path]:
    """Return the path of the first and of the last solution, where the input is varied for a shape."""
    if not any(one.kind == "input" for one in varied) or all(target.quantity != "shape" for target in targets):
        return []
    found: list[Path] = []
    for outcome in (*solutions[:1], *solutions[1:][-1:]):
        built, _ = build(network, graph, varied, outcome.values)
        found.append(path_to(built, find_node(built, place)))
    return found
