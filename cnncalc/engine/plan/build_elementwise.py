"""Builders of what treats each element alone: activations, normalisation by stored statistics, Add and Multiply."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.kernels.elementwise import NO_BOUNDS, Activation, Combine, ScaleShift
from cnncalc.engine.plan.draft import Builder, Draft
from cnncalc.engine.plan.operation import Array
from cnncalc.engine.plan.value import Value
from cnncalc.graph import Node


def passes_through(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build what changes nothing at inference: its result is its input."""
    return inputs[0]


def clamp_of(node: Node) -> tuple[float, float] | None:
    """Return the bounds of an activation that does no more than hold its input between two; else None."""
    layer: Any = node.layer
    if node.type == "Hardtanh":
        return layer.min_val, layer.max_val
    return {"ReLU": (0.0, np.inf), "ReLU6": (0.0, 6.0)}.get(node.type)


def activation(kind: str, *arguments: str) -> Builder:
    """Return the builder of an activation of this kind, whose parameters are these arguments of the layer."""

    def build(draft: Draft, node: Node, inputs: list[Value]) -> Value:
        parameters = [getattr(node.layer, name) for name in arguments]
        return draft.add(Activation(node.name, inputs[0], draft.value(node), kind, parameters))

    return build


def clamp(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build an activation that only clamps."""
    bounds = clamp_of(node) or NO_BOUNDS
    return draft.add(Activation(node.name, inputs[0], draft.value(node), "clamp", bounds=bounds))


def gelu(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a GELU in the form asked for."""
    layer: Any = node.layer
    return activation("gelu_tanh" if layer.approximate == "tanh" else "gelu")(draft, node, inputs)


def prelu(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a PReLU."""
    slope = draft.tensor(node, "weight")
    return draft.add(Activation(node.name, inputs[0], draft.value(node), "leaky_relu", [slope]))


def batch_norm_scale_shift(draft: Draft, node: Node) -> tuple[Array, Array]:
    """Return scale and shift, float64 (channels,), of a BatchNorm or InstanceNorm with stored statistics.

    (x - mean) / sqrt(var + eps) * weight + bias = x * scale + shift
    """
    layer: Any = node.layer
    mean, variance = (draft.tensor(node, name).astype(np.float64) for name in ("running_mean", "running_var"))
    scale = 1 / np.sqrt(variance + layer.eps)
    if not layer.affine:
        return scale, -mean * scale
    scale = scale * draft.tensor(node, "weight")
    return scale, draft.tensor(node, "bias") - mean * scale


def by_stored_statistics(otherwise: Builder) -> Builder:
    """Return the builder of a normalisation by stored statistics, and `otherwise` where the layer has none."""

    def build(draft: Draft, node: Node, inputs: list[Value]) -> Value:
        layer: Any = node.layer
        if not layer.track_running_stats:
            return otherwise(draft, node, inputs)
        scale, shift = batch_norm_scale_shift(draft, node)
        return draft.add(ScaleShift(node.name, inputs[0], draft.value(node), scale, shift))

    return build


def layer_scale(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a LayerScale."""
    scale = draft.tensor(node, "weight").astype(np.float64)
    return draft.add(ScaleShift(node.name, inputs[0], draft.value(node), scale, np.zeros_like(scale)))


def combine(kind: str) -> Builder:
    """Return the builder of Add ("add") or Multiply ("multiply")."""

    def build(draft: Draft, node: Node, inputs: list[Value]) -> Value:
        return draft.add(Combine(node.name, inputs, draft.value(node), kind))

    return build
