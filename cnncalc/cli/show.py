"""What `summary` and `explain` print, in the form asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from cnncalc.cli.options import refused
from cnncalc.diagnostics import CnncalcError, Diagnostic, did_you_mean
from cnncalc.render.screen import Screen
from cnncalc.text import say

if TYPE_CHECKING:
    from cnncalc.analysis.report import Report
    from cnncalc.graph import Graph
    from cnncalc.lighter import Lightened
    from cnncalc.render.words import Seen


def print_summary(
    report: Report, form: str, columns: str | None, depth: int | None, color: str, lightened: Lightened | None = None
) -> None:
    """Print a summary as `table`, `json` or a name of FORMATS; of a network made lighter, also what that saves."""
    if form == "json":
        from cnncalc.render.to_json import dumps, report_json

        sys.stdout.write(dumps(report_json(report) | _lighter_json(lightened)))
        return
    from cnncalc.render.table import chosen

    picked = chosen(columns)
    if form == "table":
        from cnncalc.render.summary import show_summary

        screen = Screen(sys.stdout, color)
        show_summary(screen, report, picked, depth, keep_all=columns is not None)
        if lightened:
            from cnncalc.render.lighter import show_lightened

            show_lightened(screen, lightened)
        return
    from cnncalc.render.tables import FORMATS

    sys.stdout.write(FORMATS[form](report, picked, depth))


def write_spec(graph: Graph, path: str) -> None:
    """Write a network as a spec, whole or not at all. Raises CnncalcError."""
    from pathlib import Path

    from cnncalc.interop.files import write_whole
    from cnncalc.spec.write import network_text

    text = network_text(graph).encode()
    write_whole(Path(path), lambda file: file.writelines([text]))


def _lighter_json(lightened: Lightened | None) -> dict[str, object]:
    if lightened is None:
        return {}
    from cnncalc.render.lighter import lightened_json

    return {"lighter": lightened_json(lightened)}


def canonical(quantity: str | None) -> str | None:
    """Return a quantity by its one name."""
    from cnncalc.analysis.explain import ALSO_CALLED

    return ALSO_CALLED.get(quantity, quantity) if quantity else None


def check_explain(quantity: str | None, at: str | None, weights: str | None) -> None:
    """Refuse arguments of `explain` that would have no effect. Raises CnncalcError."""
    if at is None and weights is not None:
        raise refused(say("--weights are for the arithmetic that --at shows"), say("add --at 0,0,0"))
    if at is not None and quantity not in (None, "receptive_field"):
        problem = say("--at is about one element, and {name} about the whole layer", name=quantity)
        raise refused(problem, say("leave one of them out, or ask for the receptive_field of the element"))


def print_explanation(report: Report, layer: str, quantity: str | None, *, as_json: bool, color: str) -> None:
    """Print the derivations of a layer, or of one quantity of it."""
    from cnncalc.analysis.explain import QUANTITIES, explain

    if quantity is not None and quantity not in QUANTITIES:
        near = did_you_mean(quantity, QUANTITIES)
        help = say("did you mean {name}?", name=near) if near else say("there are {names}", names=", ".join(QUANTITIES))
        raise CnncalcError([Diagnostic("E226", say("there is no quantity {name}", name=quantity), help=help)])
    explained = explain(report, layer)
    wanted = QUANTITIES if quantity is None else (quantity,)
    if as_json:
        from cnncalc.render.to_json import dumps, explanation_json

        sys.stdout.write(dumps(explanation_json(explained, wanted)))
        return
    from cnncalc.render.explain import show_explanation

    show_explanation(Screen(sys.stdout, color), explained, wanted)


def print_element(
    graph: Graph, layer: str, at: str, given: str | None, weights: str | None, seed: int, *, as_json: bool, color: str
) -> None:
    """Print the arithmetic of one output element, in double precision."""
    from cnncalc.analysis.report import analyze
    from cnncalc.cli.inputs import Preparation, input_array, weight_arrays
    from cnncalc.engine.element import trace
    from cnncalc.engine.memory import refuse_if_too_large
    from cnncalc.verify import needed_bytes

    index = parse_index(at)
    seen = seen_by(graph, layer, index)
    refuse_if_too_large(needed_bytes(analyze(graph, dtype="float64")))
    x = input_array(graph, given, Preparation(), 1, seed, "float64")[:1]
    held, _ = weight_arrays(graph, weights, seed, "float64")
    traced = trace(graph, layer, index, x, held)
    if as_json:
        from cnncalc.render.to_json import dumps, element_json

        sys.stdout.write(dumps(element_json(traced, seen)))
        return
    from cnncalc.render.element import show_element

    show_element(Screen(sys.stdout, color), traced, seen)


def print_window(graph: Graph, layer: str, at: str, *, as_json: bool, color: str) -> None:
    """Print which part of the input one output element sees; nothing is run."""
    index = parse_index(at)
    seen = seen_by(graph, layer, index)
    if as_json:
        from cnncalc.render.to_json import dumps, window_json

        sys.stdout.write(dumps(window_json(layer, index, seen)))
        return
    from cnncalc.render.explain import window_line

    Screen(sys.stdout, color).show([window_line(layer, index, seen)])


def seen_by(graph: Graph, layer: str, index: tuple[int, ...]) -> Seen:
    """Return the first and last input position that an element sees, an axis. Raises CnncalcError."""
    from cnncalc.analysis.explain import missing_layer
    from cnncalc.analysis.window import window

    node = next((node for node in graph.every_node() if node.name == layer), None)
    if node is None:
        raise missing_layer(graph, layer)
    node.check_index(index)
    return window(graph, layer, index if len(node.output_shape) == 1 else index[1:])


def parse_index(text: str) -> tuple[int, ...]:
    """Return the numbers of `0,2,3`. Raises CnncalcError."""
    parts = text.replace("x", ",").split(",")
    if not all(part.strip().isascii() and part.strip().isdigit() and len(part) < 17 for part in parts):
        problem = say("--at {text} is not an index", text=text)
        raise refused(problem, say("write channel, row and column: --at 0,2,3"))
    return tuple(map(int, parts))
