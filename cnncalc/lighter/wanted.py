"""The wishes for channels against what the network allows: a share for each group, or why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic, did_you_mean
from cnncalc.graph import Graph
from cnncalc.lighter.bonds import Bonds
from cnncalc.lighter.pools import Bundle, Group, Reason
from cnncalc.lighter.rules import RULES
from cnncalc.lighter.wishes import Wish, Wishes
from cnncalc.text import later, say, say_count

SHOWN = 8
"""So many layers are named in one sentence; of more, the rest are counted."""

KEPT_BECAUSE: dict[str, str] = {
    "input": later("{layers}: all channels stay, since they are bound with those of the network's input"),
    "output": later("{layers}: all channels stay, since they are what the network gives; name the layer to cut it"),
    "step": later("{layers}: all channels stay, since {places} take only some of them, by a step"),
    "size": later("{layers}: all channels stay, since at {places} they meet sizes that are not channels"),
    "outside": later(
        "{layers}: all channels stay, since they are bound with those of {places}, which were not asked for; "
        "--prune-together cuts those too"
    ),
    "kept": later("{layers}: all channels stay, since they are bound with those of {places}, of which none is to go"),
}
"""Why channels must stay."""

Held = tuple[Reason, str]
"""Why, and the layer that keeps its channels."""


class Wanted(NamedTuple):
    """Groups with the share of their classes that goes, and sentences on what stays against a wish."""

    shares: list[tuple[Group, Fraction]]
    notes: list[str]


class Answer(NamedTuple):
    """What becomes of a bundle: groups that lose a share, layers that lose nothing, or what is wrong with the wish."""

    share: Fraction = Fraction(0)
    groups: Sequence[Group] = ()
    held: Sequence[Held] = ()
    wrong: Diagnostic | None = None


def wanted(bonds: Bonds, all_bundles: Sequence[Bundle], wishes: Wishes) -> Wanted:
    """Return which groups are cut, and by how much.

    A wish for a layer by its own name must be met. One for all layers, or for a block, is met where that is possible,
    and a note says where it is not. Raises CnncalcError: E742, E743, E744 (see `lighten`), with an entry a bundle.
    """
    answers = [_answer(bonds, bundle, wishes) for bundle in all_bundles]
    wrong = [answer.wrong for answer in answers if answer.wrong]
    if wrong:
        raise CnncalcError(wrong)
    shares = [(group, answer.share) for answer in answers for group in answer.groups]
    return Wanted(shares, list(_kept_notes([held for answer in answers for held in answer.held])))


def _answer(bonds: Bonds, bundle: Bundle, wishes: Wishes) -> Answer:
    """Decide on one bundle: whether all of it is asked for alike, then which of its groups may go."""
    asked = {name: wishes.for_layer("channels", name) for name in bundle.layers}
    cut = {name: wish for name, wish in asked.items() if wish and wish.share}
    if not cut:
        return Answer()
    named = [name for name, wish in cut.items() if wish.path == name]
    kept = [name for name, wish in asked.items() if wish and not wish.share]
    missing = [name for name, wish in asked.items() if not wish]
    if kept and not named:
        return Answer(held=_held("kept", list(cut), kept))
    shares: dict[Fraction, str] = {}
    for name, wish in asked.items():
        if wish:
            shares.setdefault(wish.share, name)
    if len(shares) > 1:
        return Answer(wrong=_contradiction(bundle, shares))
    if missing and not wishes.together:
        if named:
            return Answer(wrong=_cannot_alone(bonds, bundle, named[0], missing))
        return Answer(held=_held("outside", list(cut), missing))
    return _free(bundle, next(iter(shares)), named=bool(named))


def _held(kind: str, layers: Sequence[str], places: Sequence[str]) -> list[Held]:
    """Return that these layers keep their channels because of these places."""
    return [*(((kind, places[0]), layer) for layer in layers), *(((kind, place), layers[0]) for place in places)]


def _free(bundle: Bundle, share: Fraction, *, named: bool) -> Answer:
    """Leave out the groups that must stay. The network's output goes where somebody named it."""

    def reasons(group: Group) -> list[Reason]:
        return [reason for reason in group.fixed if not (named and reason[0] == "output")]

    free = [group for group in bundle.groups if not reasons(group)]
    held = [(reason, name) for group in bundle.groups for reason in reasons(group)[:1] for name in group.layers]
    if named and not free:
        return Answer(wrong=Diagnostic("E744", next(_kept_notes(held))))
    return Answer(share, free, held)


def _contradiction(bundle: Bundle, shares: dict[Fraction, str]) -> Diagnostic:
    """Return the error for two shares of the same channels; `shares`: a layer for each share."""
    (one, first), (two, second) = list(shares.items())[:2]
    problem = say(
        "{first} and {second} share channels, and are to lose {one} and {two} of them",
        first=first,
        second=second,
        one=float(one),
        two=float(two),
    )
    return Diagnostic("E743", problem, help=say("give one share to {layers}", layers=names_text(bundle.layers)))


def _cannot_alone(bonds: Bonds, bundle: Bundle, name: str, missing: Sequence[str]) -> Diagnostic:
    units = {unit for group in bundle.groups for unit in group.classes}
    meeting = [one.node for one in bonds.meetings if not units.isdisjoint(bonds.units.classes(one.channels))]
    problem = say(
        "{layer} cannot lose channels alone: those of {layers} must go with them, since they meet at {places}",
        layer=name,
        layers=names_text([other for other in bundle.layers if other != name]),
        places=names_text(meeting),
    )
    help = say("add --prune-together, or name the others too: {layers}", layers=names_text(missing))
    return Diagnostic("E742", problem, help=help)


def _kept_notes(reasons: Sequence[Held]) -> Iterator[str]:
    """Yield a sentence for each kind of reason, with the layers it holds and the places."""
    for kind, template in KEPT_BECAUSE.items():
        layers = [name for (reason, _), name in reasons if reason == kind]
        if layers:
            places = names_text(node for (reason, node), _ in reasons if reason == kind)
            yield say(template, layers=names_text(layers), places=places)


def names_text(names: Iterable[str]) -> str:
    """Return names with commas between, of many only the first."""
    found = list(dict.fromkeys(names))
    first = say(", ").join(found[:SHOWN])
    if len(found) <= SHOWN:
        return first
    rest = len(found) - SHOWN
    return say_count("{names} and {count} other", "{names} and {count} others", rest, names=first)


def check_paths(graph: Graph, bonds: Bonds, wishes: Wishes) -> None:
    """Refuse a wish that is about nothing. Raises CnncalcError (E741), with an entry each."""
    weighted = {node.name for node in graph.every_node() if RULES[node.type].multiplies}
    about = {"channels": bonds.owners, "weights": weighted}
    wrong = [_about_nothing(graph, bonds, wish) for wish in wishes.prune if not any(map(wish.covers, about[wish.kind]))]
    if wrong:
        raise CnncalcError(wrong)


def _about_nothing(graph: Graph, bonds: Bonds, wish: Wish) -> Diagnostic:
    names = [node.name for node in graph.every_node()]
    if not any(map(wish.covers, names)):
        blocks = {name.rsplit(".", at)[0] for name in names for at in range(1, name.count(".") + 1)}
        near = did_you_mean(wish.path, [*names, *blocks])
        problem = say("--prune {text}: there is no layer {name}", text=wish.text, name=wish.path)
        return Diagnostic("E741", problem, help=say("did you mean {name}?", name=near) if near else "")
    if wish.kind == "weights":
        problem = say("--prune {text}: {name} multiplies no weights", text=wish.text, name=wish.path or graph.name)
        return Diagnostic("E741", problem, help=say("convolutions and Linear do"))
    units = set(bonds.units.classes(bonds.tensors.get(wish.path, ())))
    makers = [name for name, own in bonds.owners.items() if not units.isdisjoint(bonds.units.classes(own))]
    problem = say("--prune {text}: {name} makes no channels of its own", text=wish.text, name=wish.path or graph.name)
    return Diagnostic(
        "E741", problem, help=say("they are those of {layers}", layers=names_text(makers)) if makers else ""
    )
