"""The questions that are asked where nobody wrote any: what a sheet on a network asks first."""

from __future__ import annotations

from cnncalc.analysis.parameters import held_by
from cnncalc.graph import Graph, Node
from cnncalc.homework.assignment import Assignment, Question
from cnncalc.homework.quantities import TOTAL, Asked
from cnncalc.layers.adaptive import BinPool
from cnncalc.layers.pool import Pool


def assignment_for(graph: Graph, *, source: str = "") -> Assignment:
    """Return the assignment for a network alone: its default questions, a point each."""
    questions = tuple(Question(asked) for asked in default_questions(graph))
    return Assignment(graph.name, graph, questions, source=source)


def default_questions(graph: Graph) -> list[Asked]:
    """Return the shape and the parameters of each layer that is worth asking of, and the parameters in all."""
    asked = [
        Asked(node.name, name) for node in graph.executed for name in ("output_shape", "parameters") if asks(node, name)
    ]
    return [*asked, Asked(TOTAL, "parameters")]


def asks(node: Node, quantity: str) -> bool:
    """Tell whether a sheet that asks a quantity of every layer asks it of this one.

    It leaves out what only passes numbers on (activations, dropout, an addition), and asks for parameters of what has
    them and of pooling, to which students give some.
    """
    pools = isinstance(node.layer, Pool | BinPool)
    learns = pools or held_by(node).parameter_count > 0
    if quantity in ("parameters", "weights", "biases", "parameter_memory"):
        return learns
    return learns or node.output_shape not in node.input_shapes
