"""From a question to its working."""

from __future__ import annotations

from functools import lru_cache
from math import prod

from cnncalc.graph import Node
from cnncalc.homework.marks import Value
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import AXES, TOTAL, Asked
from cnncalc.homework.workings.counts import COUNTED, product_of
from cnncalc.homework.workings.fields import chain_of
from cnncalc.homework.workings.parts import Setting, windows_of
from cnncalc.homework.workings.peak import peak_of
from cnncalc.homework.workings.products import Others, Share, Summand, Total
from cnncalc.homework.workings.sizes import sizes_of, slides_of
from cnncalc.homework.workings.working import Working
from cnncalc.layers.adaptive import BinPool
from cnncalc.layers.pool import Pool
from cnncalc.layers.reshape import Flatten
from cnncalc.text import Shape

_NAMES = {
    1: ("output_channels",),
    2: ("output_channels", "output_length"),
    3: ("output_channels", "output_height", "output_width"),
    4: ("output_channels", "output_depth", "output_height", "output_width"),
}


def working_of(network: Network, asked: Asked, *, others: bool = True) -> Working | None:
    """Return the calculation of the right answer, in parts; None for an argument, which is not calculated.

    None too where a working does not give what the network says: after shapes that someone only claims. `others`:
    whether the answers for the other layers are to be known to it.
    Raises CnncalcError (E503) for what this place does not have.
    """
    right = network.value(asked)
    working = _total(network, asked.quantity) if asked.place == TOTAL else _of_layer(network, asked, others)
    if asked.quantity == "output" or working is None or working.value == right:
        return working
    return None


def _of_layer(network: Network, asked: Asked, with_others: bool) -> Working | None:
    node, quantity = network.nodes[asked.place], asked.quantity
    others = _others(network, node, quantity) if with_others else ()
    if quantity in ("receptive_field", "jump"):
        chain = chain_of(network, node, quantity == "jump")
        return chain._replace(others=others) if chain else None
    if quantity == "output":
        from cnncalc.homework.workings.elements import element_of

        return element_of(network, asked)
    setting = setting_of(network, node)
    if quantity == "output_shape" or quantity in AXES:
        rank = len(node.output_shape)
        shown = tuple(range(rank)) if quantity == "output_shape" else (_NAMES[rank].index(quantity),)
        return sizes_of(setting, slides_of(setting), shown)._replace(others=others)
    if quantity not in COUNTED:
        return None
    product = product_of(setting, quantity, slides_of(setting))
    return product._replace(others=others) if product else None


def _total(network: Network, quantity: str) -> Working | None:
    if quantity == "peak_memory":
        return peak_of(network)
    shares: dict[Summand, list[str]] = {}
    for node in network.graph.executed:
        summand = _summand(setting_of(network, node), quantity)
        if summand is not None:
            shares.setdefault(summand, []).append(node.name)
    return Total.of(quantity, tuple(Share(summand, tuple(names)) for summand, names in shares.items()))


@lru_cache(maxsize=512)
def _summand(setting: Setting, quantity: str) -> Summand | None:
    """Return what a layer adds: the same object for layers that are alike, also those of another network."""
    product = product_of(setting, quantity, slides_of(setting))
    return Summand(product) if product else None


def setting_of(network: Network, node: Node) -> Setting:
    """Return what a mistake may look at of a node."""
    flattened, before_pool = _laid_out(network, node)
    return Setting(
        node.layer,
        node.input_shapes,
        node.output_shape,
        windows_of(node.layer, node.input_shapes, node.output_shape),
        network.counting,
        flattened,
        before_pool,
    )


def _laid_out(network: Network, node: Node) -> tuple[Shape, Shape]:
    """Return the map that was laid out into a node's vector, and the one before the pool in front of that."""
    if len(node.input_shapes[0]) != 1:
        return (), ()
    flatten = _back(network, node, node.input_shapes[0])
    if flatten is None or not isinstance(flatten.layer, Flatten):
        return (), ()
    flattened = flatten.input_shapes[0]
    pool = _back(network, flatten, flattened)
    pooled = pool is not None and isinstance(pool.layer, Pool | BinPool)
    return flattened, pool.input_shapes[0] if pool is not None and pooled else ()


def _back(network: Network, node: Node, shape: Shape) -> Node | None:
    """Return the nearest node before `node` that does more than pass a tensor of `shape` on."""
    at = network.nodes.get(node.inputs[0])
    while at is not None and len(at.inputs) == 1 and at.input_shapes[0] == at.output_shape == shape:
        at = network.nodes.get(at.inputs[0])
    return at


def _others(network: Network, node: Node, quantity: str) -> Others:
    """Return what the other layers give for the same quantity, the nearest first."""
    if quantity == "output":
        return ()
    found: dict[Value, list[str]] = {}
    names = list(network.nodes)
    here = names.index(node.name)
    for at in sorted(range(len(names)), key=lambda at: abs(at - here)):
        value = network.value_or_none(Asked(names[at], quantity))
        if value and prod(value) and at != here:
            found.setdefault(value, []).append(names[at])
    return tuple((value, tuple(names)) for value, names in found.items())
