"""Makes questions: draws a network, asks, and keeps the question only if it teaches something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import islice

from cnncalc.diagnostics import CnncalcError
from cnncalc.graph import Graph, Node
from cnncalc.homework.assignment import Condition, Counting, Question
from cnncalc.homework.compare import means
from cnncalc.homework.condition import other_arguments, outcomes, seeming_right
from cnncalc.homework.diagnose import Diagnoser
from cnncalc.homework.marks import Value
from cnncalc.homework.mistakes import BY_NAME
from cnncalc.homework.network import Network
from cnncalc.homework.notation import read_value
from cnncalc.homework.quantities import ARGUMENTS, TOTAL, Asked
from cnncalc.homework.quiz.describe import ACROSS, described, description, divides
from cnncalc.homework.quiz.draw import Draw
from cnncalc.homework.quiz.item import Distractor, Item
from cnncalc.homework.quiz.networks import Style
from cnncalc.homework.quiz.telling import Told, tells, told_by
from cnncalc.homework.quiz.topics import LARGEST, RECIPES
from cnncalc.homework.quiz.wording import prompt
from cnncalc.homework.workings import working_of
from cnncalc.layers.base import LayerError, Rule
from cnncalc.text import shape_text

TRIES = 400
"""So many networks are drawn for one question; almost always a few are enough."""

ENOUGH = 4
"""How many different wrong answers a question needs."""
FEWEST = {"jump": 3, "padding": 1, "kernel_size": 1, "out_channels": 1, "stride": 0, "dilation": 0}
"""The same, for quantities in which few mistakes can be made."""

CHOICE = 3
"""Of so many good questions the one is taken in which the main mistakes are best told apart."""

MOST_LAYERS = 16
"""A question that would have to describe more layers does not fit on half a page, and is not asked."""
LONGEST = 3000
"""Nor does one with more characters, as long names make it; a key's value has 4,096 at most."""

_WEIGHTS = ("bias-forgotten", "bias-once", "channels-forgotten", "groups-forgotten", "sharing-forgotten")
_WORK = ("channels-forgotten", "groups-forgotten", "positions-forgotten", "macs-for-flops", "flops-for-macs")
MAIN: Mapping[str, tuple[str, ...]] = {
    "output_shape": ("padding-once", "padding-forgotten", "stride-forgotten", "one-forgotten", "dilation-forgotten"),
    "parameters": _WEIGHTS,
    "parameter_memory": (*_WEIGHTS, "elements-for-bytes"),
    "macs": _WORK,
    "flops": _WORK,
    "receptive_field": ("kernel-whole", "strides-ignored", "pools-skipped", "field-dilation-forgotten"),
    "jump": ("strides-summed", "pools-skipped"),
    "memory": ("elements-for-bytes", "bits-for-bytes"),
    "locally_connected": ("sharing-kept", "bias-shared", "bias-forgotten"),
    "fully_connected": ("sharing-kept", "local-connection", "bias-forgotten"),
}
"""The mistakes that a question is there to find, by its quantity: where one can be made, the number must show it."""

ROUNDED = ("output_shape", "output_elements", "macs", "flops", "memory", "locally_connected", "fully_connected")
"""What a size that is rounded changes."""


class Maker:
    """Makes the questions of one quiz; none comes twice, and none tells the answer of another."""

    def __init__(self, style: Style, counting: Counting, partial: Fraction) -> None:
        self.style = style
        self.counting = counting
        self.partial = {"any": partial} if partial else {}
        self._seen: set[tuple[object, ...]] = set()
        self._kept: list[Item] = []

    def drawn(self, draw: Draw, topic: str, label: str) -> Item | None:
        """Return a question of a topic on a network of its own, or None where no good one was found."""
        tried = 1 if topic == "solve" else CHOICE  # an argument has no mistakes of its own to tell apart
        best = max(islice(self._good(draw, topic, label), tried), key=told_apart, default=None)
        return self._keep(best) if best else None

    def _good(self, draw: Draw, topic: str, label: str) -> Iterator[Item]:
        """Yield questions of a topic that are good and new."""
        for _ in range(TRIES):
            recipe = draw.pick(RECIPES[topic][self.style.level - 1])
            try:
                graph = recipe.make(draw, self.style)
            except LayerError:
                continue
            item = self._item(draw, topic, label, Network(graph, self.counting), recipe.asked(graph), alone=False)
            if item and max(item.answer) <= LARGEST[self.style.level - 1] and _key(item) not in self._seen:
                yield item

    def of_spec(self, draw: Draw, topic: str, label: str, network: Network) -> Item | None:
        """Return a question of a topic on a given network, or None where all good ones are taken.

        Where what enters a layer would be the answer of another question, all that leads to the layer is described.
        """
        candidates = draw.shuffled(list(self._candidates(topic, network.graph)))
        taken = {item.question.asked for item in self._kept}
        for alone in (True, False):
            for asked in candidates:
                if asked in taken or network.value_or_none(asked) is None:
                    continue
                item = self._item(draw, topic, label, network, asked, alone=alone)
                if item:
                    return self._keep(item)
        return None

    def _keep(self, item: Item) -> Item:
        self._seen.add(_key(item))
        self._kept.append(item)
        return item

    def _candidates(self, topic: str, graph: Graph) -> Iterator[Asked]:
        """Yield what a topic can ask of a network: of its layers, and from level 3 of the whole."""
        quantities = dict.fromkeys(recipe.quantity for level in RECIPES[topic] for recipe in level)
        for quantity in quantities:
            for node in graph.executed:
                if _worth_asking(quantity, node):
                    yield Asked(node.name, quantity)
            if self.style.level == 3 and any(recipe.place == TOTAL for recipe in RECIPES[topic][2]):
                yield Asked(TOTAL, quantity)

    def _item(self, draw: Draw, topic: str, label: str, network: Network, asked: Asked, *, alone: bool) -> Item | None:
        """Return the question, or None where it has no plain answer or too few mistakes can be told apart."""
        try:
            answer = network.value(asked)
        except CnncalcError:
            return None
        rounds = not all(map(divides, _counted(network.graph, asked, alone=alone)))
        if not self._plain(network, asked, answer) or not self._rounding_fits(topic, asked, rounds):
            return None
        question = Question(asked, partial=self.partial, label=label, graph=network.graph)
        if asked.quantity in ARGUMENTS:
            question = _solvable(network, question)
            if question is None:
                return None
        if len(described(network.graph, question, alone=alone)) > MOST_LAYERS:
            return None
        told = told_by(network, question, alone=alone)
        if tells(told, network, asked, answer) or self._gives_away(network, asked, answer, told):
            return None
        distractors = wrong_arguments(network, question) if question.such_that else wrong_answers(network, asked)
        if not alone and _hides_main_mistake(network, asked, distractors):
            return None
        if len(distractors) < FEWEST.get(asked.quantity, ENOUGH):
            return None
        lines = description(network.graph, question, alone=alone)
        shown = rounds and asked.quantity in ROUNDED
        asks = prompt(draw, question, self.counting, rounds=shown)
        question = question._replace(wording="\n".join([*lines, asks]))
        if len(question.wording) > LONGEST:
            return None
        return Item(topic, question, network, tuple(lines), asks, answer, distractors, told)

    def _gives_away(self, network: Network, asked: Asked, answer: Value, told: Told) -> bool:
        """Whether a question tells the answer of one that is kept already, or is told by it."""
        others = [item for item in self._kept if item.network is network]
        return any(
            tells(told, network, other.question.asked, other.answer) or tells(other.told, network, asked, answer)
            for other in others
        )

    def _plain(self, network: Network, asked: Asked, answer: Value) -> bool:
        """Whether the answer is whole, no triviality, and within the input where it is a field."""
        if any(size != int(size) for size in answer) or max(answer) < (1 if asked.quantity == "padding" else 2):
            return False
        if asked.about.kind == "size" and len(set(answer)) > 1:
            return False
        if asked.quantity == "receptive_field":
            sides = network.graph.input_shape[1:]
            node = network.nodes[asked.place]
            return len(network.graph.nodes) > 1 and len(node.output_shape) > 1 and max(answer) <= max(sides)
        return True

    def _rounding_fits(self, topic: str, asked: Asked, rounds: bool) -> bool:
        """Whether sizes are rounded where that is asked for, and nowhere else."""
        if asked.quantity not in ROUNDED and asked.quantity not in ARGUMENTS:
            return True
        return (rounds or topic != "shape") if self.style.fractions else not rounds


def wrong_answers(network: Network, asked: Asked) -> tuple[Distractor, ...]:
    """Return what single mistakes give instead of the answer: whole numbers above zero that nobody takes as right."""
    found = Diagnoser(network).distractors(asked)
    return tuple(
        Distractor(tuple(int(size) for size in value), diagnoses)
        for value, diagnoses in found.items()
        if all(size == int(size) > 0 for size in value) and not _is_right(network, asked, value)
    )


def _is_right(network: Network, asked: Asked, value: Value) -> bool:
    """Whether `check` takes this for the answer, written another way: with a batch axis, say."""
    written = read_value(shape_text([int(size) for size in value]), asked.about.kind)
    return means(written, asked, network.value(asked), network.counting)


def _worth_asking(quantity: str, node: Node) -> bool:
    """Whether a layer has to be worked out for it: an activation repeats what enters it, a vector has one size."""
    if quantity in ("output_shape", "output_elements"):
        vector = len(node.output_shape) == 1
        return vector == (quantity == "output_elements") and bool(_rules(node))
    return quantity not in (*ACROSS, "memory") or bool(_rules(node))


def _rules(node: Node) -> list[Rule]:
    return node.layer.shape_rules(node.input_shapes, node.output_shape)


def _key(item: Item) -> tuple[object, ...]:
    """Return what makes two questions the same: one network, one thing asked."""
    return item.lines, item.question.asked


def _hides_main_mistake(network: Network, asked: Asked, distractors: tuple[Distractor, ...]) -> bool:
    """Whether a main mistake can be made without anybody noticing: it gives the right number, or an impossible one."""
    working = working_of(network, asked)
    shown = {named.name for distractor in distractors for one in distractor.diagnoses for named in one.mistakes}
    return any(
        name not in shown and working and changed.working.worked().numbers != working.worked().numbers
        for name in MAIN.get(asked.quantity, ())
        for changed in (BY_NAME[name].change(working) if working else ())
    )


def told_apart(item: Item) -> int:
    """Return how many different wrong answers the main mistakes of a question give."""
    main = {*MAIN.get(item.question.asked.quantity, ())}
    return sum(
        any(named.name in main for one in distractor.diagnoses for named in one.mistakes)
        for distractor in item.distractors
    )


def _counted(graph: Graph, asked: Asked, *, alone: bool) -> Iterable[Node]:
    """Return the layers whose sizes go into an answer."""
    if asked.place == TOTAL:
        return graph.executed
    if alone and asked.quantity not in ACROSS:
        return [node for node in graph.every_node() if node.name == asked.place]
    return graph.needed_for([asked.place])


def _solvable(network: Network, question: Question) -> Question | None:
    """Return the question which argument brings about what the network has, if no other value does so too."""
    asked = question.asked
    wanted = Asked(asked.place, "parameters" if asked.quantity == "out_channels" else "output_shape")
    condition = Condition(wanted, shape_text([int(size) for size in network.value(wanted)]))
    question = question._replace(such_that=(condition,))
    others = (other for _, other in other_arguments(network, asked))
    if any(outcome.holds for other in others for outcome in outcomes(other, question.such_that)):
        return None
    return question


def wrong_arguments(network: Network, question: Question) -> tuple[Distractor, ...]:
    """Return the arguments that seem right to somebody who makes a mistake in working out the condition."""
    return tuple(Distractor(value, diagnoses) for value, diagnoses in seeming_right(network, question).items())
