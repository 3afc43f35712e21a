"""From the graph to operations, node by node: which function makes the operations of which layer type."""

from __future__ import annotations

from cnncalc.engine.kernels import normalisation_operation as norm
from cnncalc.engine.plan import build_elementwise as each
from cnncalc.engine.plan.draft import Builder

BUILDERS: dict[str, Builder] = {
    "BatchNorm1d": each.by_stored_statistics(norm.batch_norm_of_batch),
    "BatchNorm2d": each.by_stored_statistics(norm.batch_norm_of_batch),
    "BatchNorm3d": each.by_stored_statistics(norm.batch_norm_of_batch),
    "GroupNorm": norm.group_norm,
    "InstanceNorm1d": each.by_stored_statistics(norm.instance_norm),
    "InstanceNorm2d": each.by_stored_statistics(norm.instance_norm),
    "InstanceNorm3d": each.by_stored_statistics(norm.instance_norm),
    "LayerNorm": norm.layer_norm,
    "LayerNorm2d": norm.layer_norm_2d,
    "LayerScale": each.layer_scale,
    "ReLU": each.clamp,
    "ReLU6": each.clamp,
    "Hardtanh": each.clamp,
    "LeakyReLU": each.activation("leaky_relu", "negative_slope"),
    "PReLU": each.prelu,
    "ELU": each.activation("elu", "alpha"),
    "SiLU": each.activation("silu"),
    "GELU": each.gelu,
    "Hardswish": each.activation("hardswish"),
    "Hardsigmoid": each.activation("hardsigmoid"),
    "Sigmoid": each.activation("sigmoid"),
    "Tanh": each.activation("tanh"),
    "Mish": each.activation("mish"),
    "Softplus": each.activation("softplus", "beta", "threshold"),
    "Dropout": each.passes_through,
    "Dropout1d": each.passes_through,
    "Dropout2d": each.passes_through,
    "Dropout3d": each.passes_through,
    "AlphaDropout": each.passes_through,
    "StochasticDepth": each.passes_through,
    "Identity": each.passes_through,
    "Add": each.combine("add"),
    "Multiply": each.combine("multiply"),
}
"""Layer type -> its builder. What is missing runs on the reference kernel."""
