"""No layer type is half there: each aspect that a type must have, and what is missing of which type, one a line.

The other tests hold each aspect true; this one says that it is there at all, so that a new type's author reads what is
left to do: `GroupNorm: convention keras: no rule`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnncalc
from cnncalc.analysis.explain import explain
from cnncalc.conventions.read import STATES, TOOLS, convention
from cnncalc.diagnostics import CnncalcError
from cnncalc.engine.plan.plan import plan
from cnncalc.engine.plan.translate import BUILDERS
from cnncalc.engine.reference.operations import OPERATIONS
from cnncalc.engine.tensors import random_weights
from cnncalc.graph import INPUT, Graph, Node
from cnncalc.homework.assignment import Question
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import ARGUMENTS, QUANTITIES, Asked
from cnncalc.homework.quiz.describe import description
from cnncalc.homework.workings import working_of
from cnncalc.homework.workings.counts import COUNTED
from cnncalc.layers import CANONICAL, LAYERS, layer_type
from cnncalc.layers.base import Layer, LayerError, Rule, Sample, argument_fields, create
from cnncalc.layers.geometry import Windows
from cnncalc.layers.kinds import Choice
from cnncalc.lighter.rules import RULES
from cnncalc.spec.schema import schema
from cnncalc.spec.write import network_spec

ROOT = Path(__file__).resolve().parents[1]

UNCHANGING = {"inplace", "momentum", "init", "p", "beta", "k", "init_value"}
"""Arguments that change no shape and no count of any type that has them, and so are for the engine's tests to vary."""

UNSTORED = ("AvgPool1d", "AvgPool2d", "AvgPool3d")
"""Types of which PyTorch cannot do each sample: it does not pad one side and leave that out of the divisor."""

Missing = Iterator[str]


# -- what tests look at of a type


@cache
def stored() -> dict[str, Any]:
    with np.load(ROOT / "tests" / "data" / "pytorch.npz") as file:
        return json.loads(str(file["specs"]))


@cache
def rules_of_schema() -> dict[str, Any]:
    item: Any = schema()["definitions"]
    return {rule["if"]["properties"]["type"]["const"]: rule["then"]["properties"] for rule in item["item"]["allOf"]}


@cache
def rows_of_readme() -> set[str]:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("### Layer types")[1].split("\n\n")[2]
    return {name for row in section.splitlines()[2:] for name in row.split("|")[2].strip().split(", ")}


def alone(name: str, sample: Sample) -> Graph:
    """A network of one layer; one that joins several inputs takes copies of the network's."""
    layer = create(layer_type(name), sample.arguments)
    output = layer.output_shape(sample.inputs)
    copies = tuple(
        Node(f"in{at}", create(layer_type("Identity"), {}), (INPUT,), (shape,), shape)
        for at, shape in enumerate(sample.inputs)
    )
    if len(copies) == 1:
        return Graph(name, sample.inputs[0], (Node("layer", layer, (INPUT,), sample.inputs, output),))
    node = Node("layer", layer, tuple(copy.name for copy in copies), sample.inputs, output)
    return Graph(name, sample.inputs[0], (*copies, node))


def runnable(sample: Sample) -> bool:
    return len(set(sample.inputs)) == 1


def facts(layer: Layer, sample: Sample) -> object:
    """What a reader of a description must be able to work out."""
    output = layer.output_shape(sample.inputs)
    return output, layer.parameters(sample.inputs), layer.buffers(sample.inputs), layer.windows(sample.inputs, output)


def told(name: str, sample: Sample) -> str:
    graph = alone(name, sample)
    return " ".join(description(graph, Question(Asked("layer", "parameters")), alone=True))


# -- the aspects: each yields what is missing


def static(name: str) -> Missing:
    kind = layer_type(name)
    if kind.__name__ != name or CANONICAL.get(name.casefold()) != name:
        yield "is not found by its name"
    if not issubclass(kind, Layer):
        yield "is no Layer"
    yield from (f"does not state {method}" for method in sorted(getattr(kind, "__abstractmethods__", ())))
    if not kind.__dict__.get("__doc__") or kind.__doc__.startswith(f"{name}("):  # a dataclass writes one itself
        yield "has no docstring"
    if not getattr(kind, "short", "").isidentifier():
        yield "has no short name"
    yield from (f"argument {field} has no description" for field, (_, of) in argument_fields(kind).items()
                if not of.metadata["doc"])  # fmt: skip


def formula(name: str) -> Missing:
    kind = layer_type(name)
    if not getattr(kind, "formula", ""):
        yield "has none"
    elif any(brace in create(kind, sample.arguments).definition for sample in kind.samples() for brace in "{}"):
        yield "has a value that is not put in"


def samples(name: str) -> Missing:
    kind = layer_type(name)
    if not kind.samples():
        yield "there are none"
    layers = [create(kind, sample.arguments) for sample in kind.samples()]
    for argument, (value, field) in argument_fields(kind).items():
        default = None if field.default is None else value.normalise(field.default, kind.axes) if isinstance(
            field.default, bool | int | float | str) else ...  # fmt: skip
        only = isinstance(value, Choice) and len(value.words) == 1
        if argument not in UNCHANGING and not only and all(getattr(layer, argument) == default for layer in layers):
            yield f"none uses {argument}"


def bad_samples(name: str) -> Missing:
    kind = layer_type(name)
    if not kind.bad_samples():
        yield "there are none"
    for at, sample in enumerate(kind.bad_samples()):
        try:
            create(kind, sample.arguments).output_shape(sample.inputs)
            yield f"number {at} is not refused"
        except LayerError as error:
            if error.field != sample.field:
                yield f"number {at} is refused for {error.field or 'its input'}"


def operation(name: str) -> Missing:
    if name not in OPERATIONS:
        yield "engine/reference has none"


def oracle(name: str) -> Missing:
    for at, sample in enumerate(layer_type(name).samples()):
        key = f"{name}/{at}"
        if key not in stored():
            if name not in UNSTORED:
                yield f"no value of PyTorch for sample {at}"
        elif stored()[key] != json.loads(json.dumps(sample._asdict())):
            yield f"PyTorch's value for sample {at} is of another"


def execution(name: str) -> Missing:
    """Shapes, tensors, counts and receptive field, stated and executed; and the fast engine's numbers."""
    if name not in OPERATIONS:
        return
    for at, sample in enumerate(layer_type(name).samples()):
        if runnable(sample):
            proof = cnncalc.run(alone(name, sample), verify=True)
            for where, check in proof.mismatches:
                yield f"sample {at}: {where}: {check.what} is {check.executed}, stated {check.static}"


def fast_kernel(name: str) -> Missing:
    if name not in BUILDERS:
        yield "engine/plan/translate.py has no builder"
        return
    for at, sample in enumerate(layer_type(name).samples()):
        graph = alone(name, sample)
        if runnable(sample) and plan(graph, random_weights(graph), 1).fallbacks:
            yield f"sample {at} runs on the reference kernel"


def explanation(name: str) -> Missing:
    for at, sample in enumerate(layer_type(name).samples()):
        found = explain(cnncalc.analyze(alone(name, sample)), "layer")
        for quantity, rules in found.rules.items():
            if not rules or any("{" in part for rule in rules for part in (rule.left, rule.symbols, rule.note)):
                yield f"{quantity} of sample {at} is not derived"


def working(name: str) -> Missing:
    """How a student works each quantity out, which mistakes are made in."""
    for at, sample in enumerate(layer_type(name).samples()):
        network = Network(alone(name, sample))
        for quantity in QUANTITIES:
            if quantity == "output" or quantity in ARGUMENTS:
                continue
            asked = Asked("layer", quantity)
            try:
                right = network.value(asked)
            except CnncalcError:
                continue
            found = working_of(network, asked)
            if found is None or found.value != right:
                yield f"{quantity} of sample {at} is not worked out"


def quiz(name: str) -> Missing:
    """The sentences on a layer: what changes its facts changes what is said."""
    kind = layer_type(name)
    for at, sample in enumerate(kind.samples()):
        words = told(name, sample)
        if "layer" not in words or "{" in words:
            yield f"does not describe sample {at}"
        for argument in sample.arguments:
            plain = sample._replace(arguments={k: v for k, v in sample.arguments.items() if k != argument})
            try:
                changed = facts(create(kind, plain.arguments), plain) != facts(create(kind, sample.arguments), sample)
            except LayerError:
                continue
            if changed and told(name, plain) == words:
                yield f"does not tell {argument} of sample {at}"


def conventions(name: str) -> Missing:
    for tool in TOOLS:
        rules = convention(tool).rules.get(name, ())
        if not rules:
            yield f"{tool} has no rule, not even {' or '.join(STATES)}"


def in_schema(name: str) -> Missing:
    rule = rules_of_schema().get(name)
    if rule is None:
        yield "has no rule"
    else:
        yield from (
            f"does not know {argument}" for argument in argument_fields(layer_type(name)) if argument not in rule
        )


def on_the_page(name: str) -> Missing:
    if name not in rows_of_readme():
        yield "does not list it"


def written(name: str) -> Missing:
    """A spec made of the layer, which gives it again."""
    for at, sample in enumerate(layer_type(name).samples()):
        if runnable(sample):
            try:
                network_spec(alone(name, sample))
            except CnncalcError:
                yield f"sample {at} does not come back from its spec"


def pruning(name: str) -> Missing:
    if name not in RULES:
        yield "lighter/rules.py has no rule for its channels"


ASPECTS: dict[str, Callable[[str], Missing]] = {
    "class": static,
    "formula": formula,
    "samples": samples,
    "bad samples": bad_samples,
    "operation": operation,
    "oracle": oracle,
    "execution": execution,
    "fast kernel": fast_kernel,
    "explain": explanation,
    "homework": working,
    "quiz": quiz,
    "convention": conventions,
    "schema": in_schema,
    "README": on_the_page,
    "spec": written,
    "pruning": pruning,
}
"""Each aspect of a layer type -> what looks for it."""


def missing(name: str) -> list[str]:
    """Each aspect that a type lacks, a line each. Of a class that is not whole nothing else is looked at."""
    lines = [f"{name}: class: {line}" for line in static(name)]
    if lines:
        return lines
    return [f"{name}: {aspect}: {line}" for aspect, look in ASPECTS.items() for line in look(name)]


@pytest.mark.parametrize("name", LAYERS)
def test_a_type_lacks_nothing(name):
    lines = missing(name)
    assert not lines, "\n" + "\n".join(lines)


# -- that each aspect is really looked for: taken away, it is named


def without(table: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key.split("/")[0] != name}


def take_class(patch):
    patch.setattr(layer_type("Mish"), "__abstractmethods__", frozenset(("mac_rule", "windows")))


def take_docstring(patch):
    patch.setattr(layer_type("Mish"), "__doc__", None)


def take_formula(patch):
    patch.setattr(layer_type("Mish"), "formula", "")


def take_samples(patch):
    kept = [sample for sample in layer_type("Slice").samples() if "step" not in sample.arguments]
    patch.setattr(layer_type("Slice"), "samples", classmethod(lambda cls: kept))


def take_bad_samples(patch):
    patch.setattr(layer_type("Mish"), "bad_samples", classmethod(lambda cls: []))


def take_refusal(patch):
    patch.setattr(layer_type("ChannelShuffle"), "output_shape", lambda self, inputs: inputs[0])


def take_operation(patch):
    patch.setitem(globals(), "OPERATIONS", without(OPERATIONS, "Mish"))


def take_builder(patch):
    patch.setitem(globals(), "BUILDERS", without(BUILDERS, "Mish"))


def take_oracle(patch):
    specs = without(stored(), "Mish")
    patch.setitem(globals(), "stored", lambda: specs)


def take_window(patch):
    kind = layer_type("MaxPool2d")
    patch.setattr(kind, "windows", lambda self, inputs, output: [Windows.identity(2)])


def take_explanation(patch):
    patch.setattr(layer_type("Mish"), "mac_rule", lambda self, inputs, output: Rule("MACs", "{nothing}", "0", 0))


def take_working(patch):
    patch.setitem(COUNTED, "parameters", lambda setting: ())


def take_description(patch):
    patch.setattr("cnncalc.homework.quiz.describe._unusual", lambda node, *arguments: {})


def take_convention(patch):
    rules = without(convention("keras").rules, "Mish")
    found = {tool: convention(tool) for tool in TOOLS} | {"keras": convention("keras")._replace(rules=rules)}
    patch.setitem(globals(), "convention", found.__getitem__)


def take_schema(patch):
    rules = without(rules_of_schema(), "Mish")
    patch.setitem(globals(), "rules_of_schema", lambda: rules)


def take_row(patch):
    rows = rows_of_readme() - {"Mish"}
    patch.setitem(globals(), "rows_of_readme", lambda: rows)


def take_spec(patch):
    patch.setattr("cnncalc.spec.write._plain", lambda value, short: 1)


def take_pruning(patch):
    patch.setitem(globals(), "RULES", without(RULES, "Mish"))


@pytest.mark.parametrize(
    ("take", "name", "line"),
    [
        (take_class, "Mish", "class: does not state mac_rule"),
        (take_docstring, "Mish", "class: has no docstring"),
        (take_formula, "Mish", "formula: has none"),
        (take_samples, "Slice", "samples: none uses step"),
        (take_bad_samples, "Mish", "bad samples: there are none"),
        (take_refusal, "ChannelShuffle", "bad samples: number 0 is not refused"),
        (take_operation, "Mish", "operation: engine/reference has none"),
        (take_builder, "Mish", "fast kernel: engine/plan/translate.py has no builder"),
        (take_oracle, "Mish", "oracle: no value of PyTorch for sample 0"),
        (
            take_window,
            "MaxPool2d",
            "execution: sample 0: layer: input seen is ((0, 1), (0, 1)), stated ((0, 0), (0, 0))",
        ),
        (take_explanation, "Mish", "explain: macs of sample 0 is not derived"),
        (take_working, "BatchNorm2d", "homework: parameters of sample 0 is not worked out"),
        (take_description, "Slice", "quiz: does not tell end of sample 0"),
        (take_convention, "Mish", "convention: keras has no rule, not even zero or unsupported or unseen or unknown"),
        (take_schema, "Mish", "schema: has no rule"),
        (take_row, "Mish", "README: does not list it"),
        (take_spec, "Slice", "spec: sample 0 does not come back from its spec"),
        (take_pruning, "Mish", "pruning: lighter/rules.py has no rule for its channels"),
    ],
)
def test_what_is_taken_away_is_named(take, name, line, monkeypatch):
    take(monkeypatch)
    assert any(one.startswith(f"{name}: {line}") for one in missing(name))
