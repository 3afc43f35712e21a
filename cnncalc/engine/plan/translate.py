"""From the graph to operations, node by node: which function makes the operations of which layer type."""

from __future__ import annotations

from cnncalc.engine.kernels import normalisation_operation as norm
from cnncalc.engine.plan.draft import Builder

BUILDERS: dict[str, Builder] = {
    "GroupNorm": norm.group_norm,
    "InstanceNorm1d": norm.instance_norm,
    "InstanceNorm2d": norm.instance_norm,
    "InstanceNorm3d": norm.instance_norm,
    "LayerNorm": norm.layer_norm,
    "LayerNorm2d": norm.layer_norm_2d,
}
"""Layer type -> its builder. What is missing runs on the reference kernel."""
