"""A node's facts as derivations: each rule in symbols, with this node's numbers put in, and its result."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.analysis.costs import FLOPS_PER_MAC
from cnncalc.analysis.fields import Field, Fields, span, widest
from cnncalc.analysis.memory import BITS
from cnncalc.analysis.receptive import Receptive
from cnncalc.analysis.report import LayerFacts, Report
from cnncalc.diagnostics import CnncalcError, Diagnostic, did_you_mean
from cnncalc.graph import INPUT, Graph
from cnncalc.layers.base import Layer, Rule
from cnncalc.layers.conv import Conv
from cnncalc.layers.geometry import Bins, Sampling, Spread, Whole, Window, Windows
from cnncalc.layers.transposed import ConvTranspose
from cnncalc.layers.windowed import AXIS_NAMES
from cnncalc.text import Shape, say, shape_text

QUANTITIES = ("shape", "parameters", "macs", "flops", "receptive_field", "memory", "sharing")
ALSO_CALLED = {"output": "shape", "output_shape": "shape", "params": "parameters", "rf": "receptive_field"}
"""What the table's columns and other commands call a quantity."""


class Explanation(NamedTuple):
    """The derivations of one node, by quantity, and for a convolution what other connections would cost."""

    facts: LayerFacts
    formula: str
    rules: dict[str, list[Rule]]
    sharing: dict[str, int]
    notes: list[str]


def explain(report: Report, name: str) -> Explanation:
    """Return the derivations of a node. Raises CnncalcError, with the nearest name, where there is none."""
    facts = find(report, name)
    node = facts.node
    layer = node.layer
    rules = {
        "shape": layer.shape_rules(node.input_shapes, node.output_shape)
        or [Rule(say("out"), say("the size of the input"), "", 0, shape_text(node.output_shape))],
        "parameters": [layer.parameter_rule(node.input_shapes)],
        "macs": [layer.mac_rule(node.input_shapes, node.output_shape)],
        "flops": [Rule(say("FLOPs"), say("2 MACs"), f"{FLOPS_PER_MAC}*{facts.cost.macs}", facts.cost.flops)],
        "receptive_field": receptive_rules(report, facts),
        "memory": [memory_rule(report, facts)],
    }
    convolution = isinstance(layer, Conv)
    return Explanation(
        facts,
        layer.definition,
        rules,
        layer.sharing(node.input_shapes, node.output_shape) if convolution else {},
        _notes(layer),
    )


def _notes(layer: Layer) -> list[str]:
    """Return what is often mistaken of a layer."""
    if isinstance(layer, Conv):
        return [say("the kernel is not flipped: this is cross-correlation, which deep learning calls convolution")]
    if isinstance(layer, ConvTranspose):
        return [
            say("the step back through a convolution: each input lays the kernel onto the output, and padding cuts")
        ]
    return []


def find(report: Report, name: str) -> LayerFacts:
    """Return the facts of a node; raises CnncalcError, with the nearest name, where there is none."""
    try:
        return report.layer(name)
    except KeyError:
        raise missing_layer(report.graph, name) from None


def missing_layer(graph: Graph, name: str) -> CnncalcError:
    """Return the error for a layer that is not there, with the nearest name or the layers of the group it names."""
    names = [node.name for node in graph.every_node()]
    inside = [one for one in names if one.startswith(f"{name}.")]
    near = did_you_mean(name, names)
    if inside:
        help = say("it is a group; name one of its layers, such as {names}", names=", ".join(inside[:4]))
    elif near:
        help = say("did you mean {name}?", name=near)
    else:
        help = say("there are {names}", names=", ".join(names[:12]))
    return CnncalcError([Diagnostic("E223", say("the network has no layer {name}", name=name), help=help)])


def receptive_rules(report: Report, facts: LayerFacts) -> list[Rule]:
    """Derive the receptive field, an axis; axes with the same numbers are derived once."""
    node, after = facts.node, facts.receptive
    if not after.fields:
        return [Rule(say("RF"), say("the input is a vector: every unit sees all of it"), "", 0)]
    before = _entering(report, node.inputs[0])
    relation = node.layer.windows(node.input_shapes, node.output_shape)[0] if len(node.output_shape) > 1 else None
    rules: list[Rule] = []
    names = AXIS_NAMES[len(after.fields)]
    for axis, field in enumerate(after.fields):
        if axis and field == after.fields[axis - 1]:
            continue
        same = all(one == field for one in after.fields)
        left = say("RF") if same else say("RF_{axis}", axis=names[axis])
        place = (before.places[axis] if before else axis + 1) - 1
        rules.append(
            _field_rule(
                left, field, before.fields[axis] if before else Field(1, 1, 0), relation, place, len(node.inputs)
            )
        )
    sizes, ungated, smallest = map(_sizes, (after.fields, after.without_gate, after.smallest))
    if ungated != sizes:
        rules += _told(ungated, say("without gates and statistics, which see the whole input"))
    elif smallest != sizes and len(node.inputs) > 1:
        rules += _told(smallest, say("of the path that sees least"))
    return rules


def _sizes(fields: Fields) -> Shape:
    return tuple(field.size for field in fields)


def _told(sizes: Shape, what: str) -> list[Rule]:
    """Say a field's size, once where all axes are alike."""
    if len(set(sizes)) == 1:
        return [Rule(say("RF"), what, str(sizes[0]), sizes[0])]
    names = AXIS_NAMES[len(sizes)]
    return [Rule(say("RF_{axis}", axis=name), what, str(size), size) for name, size in zip(names, sizes, strict=True)]


def _entering(report: Report, name: str) -> Receptive | None:
    return None if name == INPUT else report.layer(name).receptive


def _field_rule(left: str, field: Field, before: Field, relation: object, axis: int, inputs: int) -> Rule:
    place = say("jump {jump}, first window starts at {start}", jump=field.jump, start=field.start)
    if field.jump == 0:
        return Rule(left, say("all that the whole map before it sees"), str(field.size), field.size)
    if inputs > 1:
        return Rule(left, say("the union of its paths"), str(field.size), field.size, place)
    window = relation.axes[axis] if isinstance(relation, Windows) and 0 <= axis < len(relation.axes) else None
    if window is None or isinstance(window, Whole) or (window == Window() and field == before):
        return Rule(left, say("that of its input"), str(field.size), field.size, place)
    taken = _window_rule(left, field, before, window)
    return _widest_rule(left, field, before, window) if taken is None else taken


def _window_rule(left: str, field: Field, before: Field, window: Window | Bins | Spread | Sampling) -> Rule | None:
    """Derive what a window adds where all units before it see equally much; None where they do not."""
    if before.phases or field.size != before.size + (span(window) - 1) * before.jump:
        return None
    jump = before.jump
    note = say(
        "before: {size}, jump {jump}; after: jump {new_jump}, first window starts at {start}",
        size=before.size,
        jump=jump,
        new_jump=field.jump,
        start=field.start,
    )
    if isinstance(window, Window):
        dilation = f"*{window.dilation}" if window.dilation > 1 else ""
        symbols = say("RF + (kernel - 1) dilation jump") if dilation else say("RF + (kernel - 1) jump")
        return Rule(left, symbols, f"{before.size} + ({window.kernel} - 1){dilation}*{jump}", field.size, note)
    if isinstance(window, Spread) and window.dilation == 1:
        numbers = f"{before.size} + (ceil({window.kernel} / {window.stride}) - 1)*{jump}"
        return Rule(left, say("RF + (ceil(kernel / stride) - 1) jump"), numbers, field.size, note)
    numbers = f"{before.size} + ({span(window)} - 1)*{jump}"
    if not isinstance(window, Bins):
        return Rule(left, say("RF + (most positions read - 1) jump"), numbers, field.size, note)
    note = say(
        "bins of {size} positions cut into {bins}; jump {jump}, first window starts at {start}",
        size=window.size,
        bins=window.bins,
        jump=field.jump,
        start=field.start,
    )
    return Rule(left, say("RF + (widest bin - 1) jump"), numbers, field.size, note)


def _widest_rule(left: str, field: Field, before: Field, window: Window | Bins | Spread | Sampling) -> Rule:
    """Derive the field of the first unit of those that see most, where units see unequally much."""
    found = widest(window, before, field)
    if found is None or found.last - found.first + 1 != field.size:
        return Rule(left, say("about what the window spans"), str(field.size), field.size)
    return Rule(
        left,
        say("last - first + 1"),
        f"{found.last} - {found.first if found.first >= 0 else f'({found.first})'} + 1",
        field.size,
        say(
            "unit {unit} sees what units {first} to {last} of its input see; by their place units see {smallest} to "
            "{size}, jump {jump}",
            unit=found.unit,
            first=found.looks_at[0],
            last=found.looks_at[-1],
            smallest=field.smallest,
            size=field.size,
            jump=field.jump,
        ),
    )


def memory_rule(report: Report, facts: LayerFacts) -> Rule:
    """Derive the bytes of the output."""
    elements = "*".join(map(str, facts.node.output_shape))
    batch = f"{report.batch}*" if report.batch > 1 else ""
    bits = BITS[report.dtype]
    symbols = say("batch elements bytes") if batch else say("elements bytes")
    whole_bytes = f"{batch}{elements}*{bits // 8}"
    numbers = f"ceil({batch}{elements}*{bits} / 8)" if bits % 8 else whole_bytes
    return Rule(say("memory"), symbols, numbers, facts.activation_bytes, say("bytes, {dtype}", dtype=report.dtype))
