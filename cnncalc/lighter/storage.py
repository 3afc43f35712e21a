"""Bytes that a network takes on disk: dense, sparse or quantized.

Dense: each tensor's numbers packed, rounded up to whole bytes. Sparse, for the weights that were pruned: compressed
sparse rows (CSR, as scipy.sparse.csr_array and torch.sparse_csr have it): the values that are not zero, a column index
for each, and for each row, and the end, where it starts. The rows are those of the weight as a matrix, its first axis
by all others: (C_out, C_in/groups k k) for a convolution. Han et al. 2016 (arXiv 1510.00149) go further, with relative
indices of few bits; that is not counted here.

Quantized, for the layers that multiply weights (Jacob et al. 2018, arXiv 1712.05877; Krishnamoorthi 2018,
arXiv 1806.08342, section 3): weights symmetric, so with scales and no zero points; activations affine, with a scale and
a zero point for the input and for each layer's output; biases int32, their scale the product of the other two.
Everything else, normalisation too, stays as it is: nothing is folded.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from cnncalc.analysis.memory import BITS, tensor_bytes
from cnncalc.analysis.report import LayerFacts, Report
from cnncalc.lighter.lightened import Stored
from cnncalc.lighter.rules import RULES
from cnncalc.lighter.wishes import Wishes
from cnncalc.text import Shape

SCALE_BYTES = 4
"""A scale is a float32."""
BIAS_BITS = 32
"""A quantized layer's bias is an int32, as PyTorch's and ONNX's kernels add it."""
SHORT_COLUMNS = 1 << 16
"""Up to so many columns, an index takes 2 bytes, else 4."""
POINTER_BYTES = 4
"""A row pointer is an int32; weights of 2^31 elements and more need 8 bytes."""


def stored(report: Report, zeroed: Mapping[str, int], wishes: Wishes, dtype: str) -> Stored:
    """Return the bytes of what inference reads. `zeroed`: by a weight's full name, how many of its elements are zero.

    `dtype`: of what is not quantized.
    """
    parts = [_layer(facts, zeroed, wishes, dtype) for facts in counted(report)]
    scales = sum(part.scales for part in parts)
    if wishes.quantize:
        tensors = len(report.graph.executed) + 1
        scales += tensors * (SCALE_BYTES + tensor_bytes((1,), BITS[wishes.quantize]))
    return Stored(
        values=sum(part.values for part in parts),
        indices=sum(part.indices for part in parts),
        scales=scales,
        buffers=sum(part.buffers for part in parts),
    )


def counted(report: Report) -> list[LayerFacts]:
    """Return the facts of the layers that inference runs."""
    return [*report.layers, *(facts for head in report.heads if not head.train_only for facts in head.layers)]


def _layer(facts: LayerFacts, zeroed: Mapping[str, int], wishes: Wishes, dtype: str) -> Stored:
    node, held = facts.node, facts.held
    quantized = wishes.quantize if RULES[node.type].multiplies else None
    values = indices = scales = 0
    for name, shape in held.parameters.items():
        full = f"{node.name}.{name}"
        if name == "bias" and quantized:
            values += tensor_bytes(shape, BIAS_BITS)
            continue
        stay = prod(shape) - zeroed.get(full, 0)
        values += tensor_bytes((stay,), BITS[quantized or dtype])
        indices += csr_index_bytes(shape, stay) if full in zeroed else 0
        if quantized:
            scales += SCALE_BYTES * (node.output_shape[0] if wishes.scales == "per-channel" else 1)
    buffers = sum(tensor_bytes(shape, BITS[dtype]) for shape in held.buffers.values())
    return Stored(values, indices, scales, buffers)


def csr_index_bytes(shape: Shape, nonzero: int) -> int:
    """Return the bytes of the column indices and row pointers of a weight with so many elements that are not zero."""
    columns = prod(shape[1:])
    pointer = POINTER_BYTES if prod(shape) < 1 << 31 else 2 * POINTER_BYTES
    return nonzero * (2 if columns <= SHORT_COLUMNS else 4) + (shape[0] + 1) * pointer
