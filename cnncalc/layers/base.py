"""What every layer type must state about itself, and the geometry they share.

A layer is a frozen dataclass: its fields are the arguments of the PyTorch module of the same name, and its methods
are the facts that follow from them. Shapes have no batch axis: `(C, H, W)` for an image, `(C, L)` for a signal,
`(C, D, H, W)` for a volume, `(F,)` for a vector.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, ClassVar, NamedTuple, TypeVar

from cnncalc.layers.geometry import Relation, Windows
from cnncalc.layers.kinds import Kind
from cnncalc.text import Shape, later, say, shape_text

Shapes = Sequence[Shape]
Parameters = dict[str, Shape]

LayerType = TypeVar("LayerType", bound="Layer")


class LayerError(ValueError):
    """An argument or an input that a layer cannot take.

    `field` names the argument at fault (empty: the input), `help` says a way out, `code` is the diagnostic's.
    """

    def __init__(self, message: str, *, field: str = "", help: str = "", code: str = "E301") -> None:
        super().__init__(message)
        self.field = field
        self.help = help
        self.code = code


class Quantities(NamedTuple):
    """Exact counts of the work for one input (batch 1).

    `mac`: multiply-accumulates of a weight with an input element, those on padded zeros included.
    `padded_mac`: how many of them meet a padded zero, or in a transposed convolution land on what its padding cuts off.
    `bias_add`: additions of a bias, one an output element.
    """

    mac: int
    padded_mac: int
    bias_add: int


NO_PRODUCTS = Quantities(mac=0, padded_mac=0, bias_add=0)
"""Of a layer that multiplies no weight with its input, so has nothing to count under the MAC rule."""


class Rule(NamedTuple):
    """One fact's derivation: the rule in symbols, with the numbers put in, and its value.

    `numbers` is plain arithmetic (`16*(6*5*5 + 1)`), so a test can evaluate it and compare it with `value`.
    """

    left: str
    symbols: str
    numbers: str
    value: int
    note: str = ""


class Sample(NamedTuple):
    """Arguments as a spec would give them, and input shapes, for tests over every layer type."""

    arguments: dict[str, Any]
    inputs: tuple[Shape, ...]


class BadSample(NamedTuple):
    """Arguments or inputs that must be refused with a LayerError for `field`."""

    arguments: dict[str, Any]
    inputs: tuple[Shape, ...]
    field: str


@dataclass(frozen=True, kw_only=True)
class Layer(ABC):
    """A layer type. Nothing here has a default that could pass for "costs nothing": each type states each fact."""

    axes: ClassVar[int] = 0
    """How many spatial axes the type works on; 0 where it takes any."""
    short: ClassVar[str]
    """The stem of automatic names: `conv` gives conv1, conv2."""
    formula: ClassVar[str]
    """What one output element is, in one line; a template, said by `definition`."""
    many_inputs: ClassVar[bool] = False
    """Whether it joins several inputs (`from: [a, b]` or `branches`)."""

    @property
    def definition(self) -> str:
        """The formula with these arguments; a layer without a bias leaves it out."""
        formula = say(self.formula)
        return formula if getattr(self, "bias", True) else formula.replace("bias[o] + ", "")

    @abstractmethod
    def output_shape(self, inputs: Shapes) -> Shape:
        """Return the shape of the output, or raise LayerError."""

    @abstractmethod
    def parameters(self, inputs: Shapes) -> Parameters:
        """Return the trainable tensors by their PyTorch names."""

    @abstractmethod
    def buffers(self, inputs: Shapes) -> Parameters:
        """Return the tensors that are stored but not trained, by their PyTorch names."""

    @abstractmethod
    def quantities(self, inputs: Shapes, output: Shape) -> Quantities:
        """Return the exact counts of work."""

    @abstractmethod
    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Return, for each input, which of its positions an output position depends on."""

    @abstractmethod
    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """Return the derivation of each output size that is not simply the input's."""

    @abstractmethod
    def parameter_rule(self, inputs: Shapes) -> Rule:
        """Return the derivation of the number of parameters."""

    @abstractmethod
    def mac_rule(self, inputs: Shapes, output: Shape) -> Rule:
        """Return the derivation of the number of multiply-accumulates."""

    @classmethod
    @abstractmethod
    def samples(cls) -> list[Sample]:
        """Return uses that cover the type's arguments."""

    @classmethod
    @abstractmethod
    def bad_samples(cls) -> list[BadSample]:
        """Return uses that must be refused."""


class Parameterless:
    """States that a layer holds no tensors: mixed in before `Layer`, never inherited by accident."""

    def parameters(self, inputs: Shapes) -> Parameters:
        """No trainable tensors."""
        return {}

    def buffers(self, inputs: Shapes) -> Parameters:
        """No stored tensors."""
        return {}

    def parameter_rule(self, inputs: Shapes) -> Rule:
        """Nothing to learn."""
        return Rule(say("params"), say("no weights"), "0", 0)


class NoProducts:
    """States that a layer multiplies no weight with its input under the MAC rule: mixed in before `Layer`."""

    def quantities(self, inputs: Shapes, output: Shape) -> Quantities:
        """Nothing that the MAC rule counts."""
        return NO_PRODUCTS

    def mac_rule(self, inputs: Shapes, output: Shape) -> Rule:
        """Why it is zero."""
        return Rule(say("MACs"), say("no products of weights and inputs"), "0", 0)


class SameShape:
    """States that each output element sits where its one input element sits: mixed in before `Layer`."""

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's."""
        return single(inputs)

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Each position sees itself."""
        return [Windows.identity(len(output) - 1)]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The output is as large as the input."""
        return []


def argument_fields(layer_type: type[Layer]) -> dict[str, tuple[Kind, Field[Any]]]:
    """Return the arguments of a layer type: name -> (kind, dataclass field), in order."""
    known = _ARGUMENTS.get(layer_type)
    if known is None:
        known = {field.name: (field.metadata["kind"], field) for field in fields(layer_type)}
        _ARGUMENTS[layer_type] = known
    return known


_ARGUMENTS: dict[type[Layer], dict[str, tuple[Kind, Field[Any]]]] = {}


def create(layer_type: type[LayerType], arguments: Mapping[str, object]) -> LayerType:
    """Build a layer from arguments as a spec gives them: `kernel_size: 5` becomes (5, 5) for a 2-d layer.

    Raises LayerError for the first argument that is unknown, missing or out of its range.
    """
    known = argument_fields(layer_type)
    for name in arguments:
        if name not in known:
            raise LayerError(
                say("{type} has no argument {name}", type=layer_type.__name__, name=name), field=name, code="E202"
            )
    values: dict[str, Any] = {}
    for name, (kind, field) in known.items():
        if name in arguments:
            try:
                values[name] = kind.normalise(arguments[name], layer_type.axes)
            except ValueError as error:
                problem = say("{name}: {problem}", name=name, problem=error)
                raise LayerError(problem, field=name, code="E204") from None
        elif field.default is MISSING:
            raise LayerError(say("{type} needs {name}", type=layer_type.__name__, name=name), field=name, code="E203")
        elif field.default is not None:
            values[name] = kind.normalise(field.default, layer_type.axes)
    return layer_type(**values)


def single(inputs: Shapes) -> Shape:
    """Return the one input shape of a layer that takes one."""
    if len(inputs) != 1:
        raise LayerError(say("takes one input, and was given {count}", count=len(inputs)), field="from", code="E302")
    return inputs[0]


NEEDED_MAPS = {
    1: later("needs a 1-d feature map (channels x length), and its input is {shape}"),
    2: later("needs a 2-d feature map (channels x height x width), and its input is {shape}"),
    3: later("needs a 3-d feature map (channels x depth x height x width), and its input is {shape}"),
}
"""What a layer says of an input that is no feature map of its number of axes."""


def feature_map(layer: Layer, inputs: Shapes) -> Shape:
    """Return the one input shape, which must be channels followed by as many sizes as the layer has axes."""
    shape = single(inputs)
    axes = layer.axes
    if len(shape) != axes + 1:
        raise LayerError(
            say(NEEDED_MAPS[axes], shape=shape_text(shape)),
            code="E303",
            help=say("use {family}{axes}d", family=type(layer).__name__[:-2], axes=len(shape) - 1)
            if 2 <= len(shape) <= 4
            else say("a vector has no spatial axes; this layer belongs before Flatten"),
        )
    return shape


def inferred(field: str, written: int | None, actual: int, shape: Shape) -> int:
    """Check an argument that follows from the input (`in_channels`, `in_features`, `num_features`)."""
    if written is not None and written != actual:
        raise LayerError(
            say(
                "{field} is {written}, and the input {shape} has {actual}",
                field=field,
                written=written,
                shape=shape_text(shape),
                actual=actual,
            ),
            field=field,
            code="E304",
            help=say("write {field}: {actual}, or leave it out: it is inferred", field=field, actual=actual),
        )
    return actual
