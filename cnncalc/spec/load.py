"""A spec file -> a Graph, or every error in it at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError
from cnncalc.graph import INPUT, Graph, Head
from cnncalc.spec.expand import Expander
from cnncalc.spec.expressions import UNKNOWN, ExpressionError, evaluate
from cnncalc.spec.expressions import Value as Number
from cnncalc.spec.fields import WORDS, Bad, value_of
from cnncalc.spec.files import read_text
from cnncalc.spec.items import HeadItem, Structure
from cnncalc.spec.nodes import MAX_LAYERS, Known
from cnncalc.spec.problems import Problems, suggestion
from cnncalc.spec.reader import Reader
from cnncalc.spec.scope import Scope, Tensor
from cnncalc.spec.source import Scalar, Sequence, Tree, parse
from cnncalc.spec.tensors import inline_tensors
from cnncalc.spec.unused import warn_dangling, warn_unused
from cnncalc.text import Shape, say

MAX_AXES = 4


def load(
    path: str,
    *,
    input_shape: Shape | None = None,
    settings: Mapping[str, str | Number] | None = None,
    max_layers: int = MAX_LAYERS,
) -> Graph:
    """Read the spec at `path` (`-`: standard input). See `loads`."""
    return loads(
        read_text(path),
        source="<stdin>" if path == "-" else path,
        input_shape=input_shape,
        settings=settings,
        max_layers=max_layers,
    )


def loads(
    text: str,
    *,
    source: str = "<spec>",
    input_shape: Shape | None = None,
    settings: Mapping[str, str | Number] | None = None,
    max_layers: int = MAX_LAYERS,
) -> Graph:
    """Return the graph of a spec's text.

    `input_shape` stands for the spec's own, `settings` for its vars. Raises CnncalcError with every error found.
    """
    return draft(text, source=source).graph(input_shape=input_shape, settings=settings, max_layers=max_layers)


class Draft(NamedTuple):
    """A spec that has been read, and can be built many times with other numbers."""

    structure: Structure
    problems: Problems
    known: Known

    def variables(self, settings: Mapping[str, str | Number]) -> dict[str, Number]:
        """Return the values of the vars, with `settings` in place of the spec's own."""
        return _Network(self, self.problems.copy(), MAX_LAYERS).variables(settings)

    def graph(
        self,
        *,
        input_shape: Shape | None = None,
        settings: Mapping[str, str | Number] | None = None,
        max_layers: int = MAX_LAYERS,
    ) -> Graph:
        """Return the graph with this input and these vars. See `loads`."""
        problems = self.problems.copy()
        try:
            graph = _Network(self, problems, max_layers).build(input_shape, settings or {})
        except CnncalcError as limit:
            raise CnncalcError([*problems.errors, *limit.diagnostics], {problems.source: problems.text}) from None
        problems.raise_if_any()
        assert graph is not None
        return graph


def draft(text: str, *, source: str = "<spec>") -> Draft:
    """Read a spec's text once. What is wrong with it is raised when it is built, with what else is found then."""
    parsed = parse(text, source)
    return _read(parsed.tree, Problems(source, text, parsed.found))


def _read(tree: Tree, problems: Problems) -> Draft:
    structure = Reader(problems).read(tree)
    warn_unused(structure, problems)
    return Draft(structure, problems, Known())


def build(
    tree: Tree,
    problems: Problems,
    *,
    input_shape: Shape | None = None,
    settings: Mapping[str, str | Number] | None = None,
    max_layers: int = MAX_LAYERS,
) -> Graph:
    """Return the graph of a spec that is parsed already, alone or inside another file. See `loads`."""
    return _read(tree, problems).graph(input_shape=input_shape, settings=settings, max_layers=max_layers)


class _Network:
    """Puts a spec's parts together."""

    def __init__(self, drafted: Draft, problems: Problems, max_layers: int) -> None:
        self.structure = drafted.structure
        self.problems = problems
        self.expander = Expander(self.structure, problems, max_layers, drafted.known)

    def build(self, input_shape: Shape | None, settings: Mapping[str, str | Number]) -> Graph | None:
        numbers = self.variables(settings)
        shape = input_shape or self.input_shape(numbers)
        entry = Tensor(INPUT, shape)
        self.expander.globals = frozenset(numbers)
        scope = Scope("", entry, {**numbers, **self.expander.sizes(shape)})
        scope.declared.update({name.text: name.span for name in (head.name for head in self.structure.heads)})
        last = self.expander.run(self.structure.items, scope, entry)
        main = tuple(self.expander.nodes.nodes)
        heads = [self.head(head, scope) for head in self.structure.heads]
        self.refuse_train_only_inputs(heads)
        if shape is None or self.problems.errors:
            return None
        assert not self.expander.nodes.clashes, "a layer was left out for its name, and nobody was told"
        if not main:
            place = self.structure.entries["layers"].span
            self.problems.add("E209", say("the network has no layers"), place, say("add a layer: - ReLU"))
            return None
        if last.node != main[-1].name:
            message = say("the network ends with {last}, and {name} comes after it", last=last.node, name=main[-1].name)
            self.problems.add("E229", message, main[-1].span, say("remove what follows {last}", last=last.node))
            return None
        self.warn_channels_last(shape)
        warn_dangling(main, self.expander.nodes.consumed, self.problems)
        tensors = inline_tensors(self.structure.entries.get("tensors"), shape, self.expander.nodes.nodes, self.problems)
        return Graph(
            name=self.text_of("name") or "unnamed",
            input_shape=shape,
            nodes=main,
            heads=tuple(heads),
            reference=self.text_of("reference"),
            source=self.problems.source,
            tensors=tensors,
            warnings=tuple(self.problems.warnings),
            input_span=None if input_shape else self.structure.entries["input"].span,
        )

    def warn_channels_last(self, shape: Shape) -> None:
        """Warn of an input such as [224, 224, 3], which is height, width, channels in other tools."""
        if len(shape) == 3 and shape[2] <= 4 < min(shape[:2]):
            message = say("the input has {channels} channels and is {width} wide", channels=shape[0], width=shape[2])
            swapped = [shape[2], *shape[:2]]
            entry = self.structure.entries.get("input")
            self.problems.add(
                "W505",
                message,
                entry.span if entry else None,
                say("the channels come first: input: {swapped}", swapped=swapped),
            )

    def text_of(self, key: str) -> str:
        entry = self.structure.entries.get(key)
        return entry.value.text if entry and isinstance(entry.value, Scalar) else ""

    def variables(self, settings: Mapping[str, str | Number]) -> dict[str, Number]:
        """Return the vars, later ones may use earlier ones; `settings` come before the spec's own values."""
        numbers: dict[str, Number] = {}
        given = self.structure.variables
        for name in settings:
            if name not in given:
                self.problems.add(
                    "E218",
                    say("--set {name}: the spec has no var {name}", name=name),
                    None,
                    suggestion(name, list(given)) or say("the spec has no vars"),
                )
        for name, entry in given.items():
            setting = settings.get(name)
            numbers[name] = UNKNOWN
            try:
                if setting is None:
                    found = value_of(entry.value, {k: v for k, v in numbers.items() if k != name}, WORDS)
                elif isinstance(setting, str) and (setting not in WORDS or setting in numbers):
                    found = evaluate(setting, numbers)
                else:
                    found = setting
            except Bad as bad:
                self.problems.take(bad.problem)
            except ExpressionError as error:
                self.problems.add("E206", say("--set {name}: {problem}", name=name, problem=error), None, error.help)
            else:
                if isinstance(found, int | float | str):
                    numbers[name] = found
                else:
                    self.problems.add("E204", say("the var {name} is not a number or a word", name=name), entry.span)
        return numbers

    def input_shape(self, numbers: dict[str, Number]) -> Shape | None:
        entry = self.structure.entries.get("input")
        if entry is None:
            return None
        way_out = say("write [channels, height, width], [channels, length] or [features]")
        if not isinstance(entry.value, Sequence):
            self.problems.add("E204", say("input is a list of sizes"), entry.span, way_out)
            return None
        sizes: list[int] = []
        for at, item in enumerate(entry.value.items):
            try:
                value = value_of(item, numbers)
            except Bad as bad:
                self.problems.take(bad.problem)
                return None
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                batch = at == 0 and len(entry.value.items) == MAX_AXES and value in (None, -1)
                help = say("input has no batch axis: leave the first number out; --batch sets it") if batch else way_out
                self.problems.add("E204", say("input: expected whole numbers of 1 or more"), item.span, help)
                return None
            sizes.append(value)
        if not 1 <= len(sizes) <= MAX_AXES:
            help = (
                say("input has no batch axis: leave the first number out; --batch sets it")
                if len(sizes) > MAX_AXES
                else way_out
            )
            self.problems.add("E219", say("input has {count} sizes", count=len(sizes)), entry.span, help)
            return None
        return tuple(sizes)

    def head(self, head: HeadItem, scope: Scope) -> Head:
        source = self.expander.references.lookup(head.source, scope) if head.source else Tensor(INPUT, None)
        train_only = head.train_only is not None and self.expander.values.value(head.train_only, scope)
        if not isinstance(train_only, bool) and head.train_only is not None and train_only is not None:
            message = say("train_only: expected true or false, got {value}", value=train_only)
            self.problems.add("E204", message, head.train_only.span)
        if head.name.text in scope.tensors:
            self.problems.add(
                "E213",
                say("the name {name} is used twice", name=head.name.text),
                head.name.span,
                say("give one of them another name"),
            )
        start = len(self.expander.nodes.nodes)
        home = scope.within("", numbered=False)
        home.entry = source
        home.numbers = {**scope.numbers, **self.expander.sizes(source.shape)}
        self.expander.way(head.way, home, head.name.text, source, numbered=False)
        nodes = tuple(self.expander.nodes.nodes[start:])
        if not nodes and source.shape is not None and not self.problems.errors:
            message = say("the head {name} has no layers, so it is not used", name=head.name.text)
            self.problems.add("E209", message, head.span, say("give it layers, or remove it"))
        return Head(head.name.text, train_only is True, nodes)

    def refuse_train_only_inputs(self, heads: list[Head]) -> None:
        """Note each layer that inference runs and that reads from a head it does not run."""
        not_run = {node.name for head in heads if head.train_only for node in head.nodes}
        for node in (node for head in heads if not head.train_only for node in head.nodes):
            for name in not_run.intersection(node.inputs):
                message = say("{name} is in a head that is train_only, which is not run", name=name)
                way_out = say("make this head train_only too, or take a layer of the main line")
                self.problems.add("E228", message, node.span, way_out, calls=node.calls)
