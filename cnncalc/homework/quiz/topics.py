"""What a topic asks: at each level, which networks are drawn and which quantity of them is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic, did_you_mean
from cnncalc.graph import Graph
from cnncalc.homework.quantities import TOTAL, Asked
from cnncalc.homework.quiz import networks
from cnncalc.homework.quiz.draw import Draw
from cnncalc.homework.quiz.networks import Style
from cnncalc.text import say

Maker = Callable[[Draw, Style], Graph]


class Recipe(NamedTuple):
    """One kind of question: the network to draw, and what is asked of its last layer (or of `place`)."""

    make: Maker
    quantity: str
    place: str = ""

    def asked(self, graph: Graph) -> Asked:
        """Return what is asked of a network that `make` drew."""
        return Asked(self.place or graph.nodes[-1].name, self.quantity)


_CONV, _PLAIN, _POOL, _FC = networks.convolution, networks.plain_convolution, networks.pooling, networks.linear
_STACK, _FORK, _WHOLE, _FLAT = networks.stack, networks.branches, networks.classifier, networks.flattened

RECIPES: Mapping[str, Sequence[Sequence[Recipe]]] = {
    "shape": (
        (Recipe(_CONV, "output_shape"), Recipe(_CONV, "output_shape"), Recipe(_POOL, "output_shape")),
        (Recipe(_CONV, "output_shape"), Recipe(_STACK, "output_shape"), Recipe(_POOL, "output_shape")),
        (
            Recipe(_STACK, "output_shape"),
            Recipe(_WHOLE, "output_elements", "flatten1"),
            Recipe(_FORK, "output_shape"),
        ),
    ),
    "parameters": (
        (Recipe(_CONV, "parameters"), Recipe(_CONV, "parameters"), Recipe(_FC, "parameters")),
        (Recipe(_CONV, "parameters"), Recipe(_FLAT, "parameters"), Recipe(networks.normalisation, "parameters")),
        (
            Recipe(_WHOLE, "parameters", "fc1"),
            Recipe(_WHOLE, "parameters", TOTAL),
            Recipe(_STACK, "parameters", TOTAL),
            Recipe(_FORK, "parameters", TOTAL),
        ),
    ),
    "macs": (
        (Recipe(_CONV, "macs"), Recipe(_CONV, "macs"), Recipe(_FC, "macs")),
        (Recipe(_CONV, "macs"), Recipe(_FLAT, "macs")),
        (Recipe(_WHOLE, "macs", TOTAL), Recipe(_FORK, "macs", TOTAL), Recipe(_STACK, "macs")),
    ),
    "flops": (
        (Recipe(_CONV, "flops"), Recipe(_CONV, "flops"), Recipe(_FC, "flops")),
        (Recipe(_CONV, "flops"), Recipe(_FLAT, "flops")),
        (Recipe(_WHOLE, "flops", TOTAL), Recipe(_FORK, "flops", TOTAL), Recipe(_STACK, "flops")),
    ),
    "receptive-field": (
        (Recipe(_STACK, "receptive_field"),),
        (Recipe(_STACK, "receptive_field"), Recipe(_STACK, "receptive_field"), Recipe(_STACK, "jump")),
        (Recipe(_STACK, "receptive_field"), Recipe(_STACK, "receptive_field"), Recipe(_FORK, "receptive_field")),
    ),
    "memory": (
        (Recipe(_CONV, "memory"), Recipe(_POOL, "memory")),
        (Recipe(_CONV, "memory"), Recipe(_CONV, "parameter_memory")),
        (Recipe(_STACK, "memory", TOTAL), Recipe(_WHOLE, "parameter_memory", TOTAL)),
    ),
    "sharing": (
        (Recipe(_PLAIN, "locally_connected"),),
        (Recipe(_PLAIN, "locally_connected"), Recipe(_PLAIN, "fully_connected")),
        (Recipe(_PLAIN, "locally_connected"), Recipe(_PLAIN, "fully_connected")),
    ),
    "solve": (
        (Recipe(_CONV, "padding"), Recipe(_CONV, "out_channels")),
        (Recipe(_CONV, "padding"), Recipe(_CONV, "stride"), Recipe(_CONV, "kernel_size")),
        (Recipe(_CONV, "padding"), Recipe(_CONV, "stride"), Recipe(_CONV, "dilation"), Recipe(_CONV, "kernel_size")),
    ),
}
"""The kinds of questions of a topic at levels 1, 2 and 3; what stands twice is drawn twice as often."""

LARGEST = (100_000, 2_000_000, 50_000_000)
"""The largest answer at each level: so many digits go into a calculator, and no more are learnt from."""


def read_topics(text: str) -> tuple[str, ...]:
    """Return the topics of `shape,parameters`; `all` is all of them. Raises CnncalcError (E580)."""
    found: list[str] = []
    for written in text.split(","):
        name = written.strip().casefold().replace("_", "-").replace(" ", "-")
        if name == "all":
            found.extend(RECIPES)
        elif name in RECIPES:
            found.append(name)
        else:
            near = did_you_mean(name, RECIPES)
            help = (
                say("did you mean {name}?", name=near) if near else say("there are {names}", names=", ".join(RECIPES))
            )
            raise CnncalcError([Diagnostic("E580", say("there is no topic {name}", name=written.strip()), help=help)])
    return tuple(dict.fromkeys(found))
