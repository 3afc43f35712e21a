"""The workings of what is counted in a layer: parameters, multiply-accumulates, elements, bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnncalc.analysis.memory import BITS
from cnncalc.homework.assignment import Counting
from cnncalc.homework.workings.parts import Convolving, Factor, Setting, Slide, Term
from cnncalc.homework.workings.products import Product, bytes_of, factors
from cnncalc.layers.activation import PReLU
from cnncalc.layers.conv import Conv
from cnncalc.layers.layer_norm import LayerScale
from cnncalc.layers.linear import Linear
from cnncalc.layers.norm import Normalisation
from cnncalc.layers.transposed import ConvTranspose
from cnncalc.text import Shape


def product_of(setting: Setting, quantity: str, slides: tuple[Slide, ...]) -> Product | None:
    """Return the working of a quantity of COUNTED, or None for sharing where no convolution shares."""
    found = COUNTED[quantity](setting)
    return None if found is None else Product(setting, quantity, found, slides)


def weights(setting: Setting) -> tuple[Term, ...]:
    """Return the trained numbers that are not biases."""
    layer = setting.layer
    if isinstance(layer, Convolving):
        return (Term("weights", (Factor("filters", layer.out_channels), *_kernel(setting))),)
    if isinstance(layer, Linear):
        units = Factor("units", layer.out_features)
        return (Term("weights", (units, Factor("inputs", setting.entering[0]))),)
    if isinstance(layer, Normalisation):
        return (Term("scale", _learned(setting)),) if layer.scaled else ()
    if isinstance(layer, LayerScale):
        return (Term("scale", (Factor("channels", setting.entering[0]),)),)
    return (Term("slopes", (Factor("slopes", layer.num_parameters),)),) if isinstance(layer, PReLU) else ()


def biases(setting: Setting) -> tuple[Term, ...]:
    """Return the biases, a normalisation's shift among them, as PyTorch names it."""
    layer = setting.layer
    if isinstance(layer, Convolving | Linear):
        return (bias_term(setting),) if layer.bias else ()
    if isinstance(layer, Normalisation):
        return (Term("shift", _learned(setting)),) if layer.scaled and layer.bias else ()
    return ()


def _learned(setting: Setting) -> tuple[Factor, ...]:
    """Return how many numbers scale what is normalised: one a channel, or one an element of a LayerNorm's axes."""
    layer = setting.layer
    assert isinstance(layer, Normalisation)
    sizes = layer.learned(setting.entering)
    if sizes == setting.entering[:1]:
        return (Factor("channels", sizes[0]),)
    return tuple(Factor("elements", size, axis) for axis, size in enumerate(sizes))


def bias_term(setting: Setting) -> Term:
    """Return a bias for each filter or unit."""
    name = "units" if isinstance(setting.layer, Linear) else "filters"
    return Term("biases", (Factor(name, setting.output[0]),))


def parameters(setting: Setting) -> tuple[Term, ...]:
    """Return all trained numbers that the course counts."""
    return weights(setting) + (biases(setting) if setting.counting.bias_in_parameters else ())


def buffers(setting: Setting) -> tuple[Term, ...]:
    """Return the stored numbers that are not trained."""
    if not setting.layer.buffers(setting.inputs):
        return ()
    channels = (Factor("channels", setting.entering[0]),)
    return Term("mean", channels), Term("variance", channels)


def macs(setting: Setting) -> tuple[Term, ...]:
    """Return a product for each weight at each position, and the bias additions where the course counts them."""
    return _products(setting) + (bias_additions(setting) if setting.counting.bias_in_macs else ())


def flops(setting: Setting) -> tuple[Term, ...]:
    """Return two for each product unless the course says one; a bias addition is one."""
    each = setting.counting.flops_per_mac
    doubled = tuple(term._replace(factors=(Factor("two", each), *term.factors)) for term in _products(setting))
    return (doubled if each > 1 else _products(setting)) + (
        bias_additions(setting) if setting.counting.bias_in_macs else ()
    )


def _products(setting: Setting) -> tuple[Term, ...]:
    if not isinstance(setting.layer, Convolving | Linear):
        return ()
    (term,) = weights(setting)
    places = sources(setting) if isinstance(setting.layer, ConvTranspose) else positions(setting)
    return (Term("products", (*term.factors, *places)),)


def bias_additions(setting: Setting) -> tuple[Term, ...]:
    """Return an addition for each output element of a layer with a bias."""
    if not isinstance(setting.layer, Convolving | Linear) or not setting.layer.bias:
        return ()
    return (Term("additions", (*bias_term(setting).factors, *positions(setting))),)


def elements(setting: Setting) -> tuple[Term, ...]:
    """Return channels times positions."""
    name = "features" if len(setting.output) == 1 else "maps"
    return (Term("elements", (Factor(name, setting.output[0]), *positions(setting))),)


def memory(setting: Setting) -> tuple[Term, ...]:
    """Return the bytes of the output of a batch."""
    (term,) = elements(setting)
    return (Term("memory", (*_batch(setting.counting), *term.factors, bytes_of(BITS[setting.counting.dtype]))),)


def parameter_memory(setting: Setting) -> tuple[Term, ...]:
    """Return the bytes of each trained tensor, biases always among them."""
    size = bytes_of(BITS[setting.counting.dtype])
    return tuple(term._replace(factors=(*term.factors, size)) for term in weights(setting) + biases(setting))


def locally_connected(setting: Setting) -> tuple[Term, ...] | None:
    """Return kernels of its own, and a bias, for each output element."""
    return _unshared(setting, _kernel(setting)) if isinstance(setting.layer, Conv) else None


def fully_connected(setting: Setting) -> tuple[Term, ...] | None:
    """Return a weight for each pair of input and output element, and a bias for each of the latter."""
    shape = setting.entering
    seen = (Factor("channels", shape[0]), *factors("sizes", shape[1:]))
    return _unshared(setting, seen) if isinstance(setting.layer, Conv) else None


def _unshared(setting: Setting, seen: tuple[Factor, ...]) -> tuple[Term, ...]:
    outputs = (*bias_term(setting).factors, *positions(setting))
    bias = (Term("biases", outputs),) if biases(setting) else ()
    return Term("weights", (*outputs, *seen)), *bias


def _kernel(setting: Setting) -> tuple[Factor, ...]:
    channels = Factor("channels", setting.entering[0] // setting.groups)
    layer = setting.layer
    sides = layer.kernel_size if isinstance(layer, Convolving) else ()
    return channels, *factors("kernel", sides)


def positions(setting: Setting) -> tuple[Factor, ...]:
    """Return the spatial sizes of the output."""
    return factors("positions", setting.output[1:])


def sources(setting: Setting) -> tuple[Factor, ...]:
    """Return the spatial sizes of the input: a transposed convolution multiplies each of its elements with a kernel."""
    return factors("sources", setting.entering[1:])


def _batch(counting: Counting) -> tuple[Factor, ...]:
    return (Factor("batch", counting.batch),) if counting.batch > 1 else ()


def shape_factors(shape: Shape) -> tuple[Factor, ...]:
    """Return the sizes of a map as factors."""
    return Factor("features" if len(shape) == 1 else "maps", shape[0]), *factors("positions", shape[1:])


COUNTED: Mapping[str, Callable[[Setting], tuple[Term, ...] | None]] = {
    "parameters": parameters,
    "weights": weights,
    "biases": biases,
    "buffers": buffers,
    "macs": macs,
    "flops": flops,
    "output_elements": elements,
    "memory": memory,
    "parameter_memory": parameter_memory,
    "locally_connected": locally_connected,
    "fully_connected": fully_connected,
}
"""The quantities that are sums of products."""
