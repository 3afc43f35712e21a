"""Writing the zeros round the planes of a value whose memory held something else before."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.native import carray, inlined, native, row
from cnncalc.engine.plan.operation import Step
from cnncalc.engine.plan.value import Value
from cnncalc.engine.simd import store_float

ROW = np.dtype(
    [
        ("address", "i8"),
        ("volume", "i8"),  # bytes of a block of one image, margins included
        ("plane", "i8"),
        ("row", "i8"),
        ("pixel", "i8"),
        ("depth", "i8"),  # sizes without margins, and the margins
        ("height", "i8"),
        ("width", "i8"),
        ("front", "i8"),
        ("back", "i8"),
        ("top", "i8"),
        ("bottom", "i8"),
        ("left", "i8"),
        ("right", "i8"),
    ]
)


@inlined
def _zero(address: int, size: int) -> None:
    for at in range(0, size, 4):
        store_float(address + at, np.float32(0))


@native(ROW)
def zero_margins(arguments: Any, chunk: int, scratch: int) -> None:
    """Zero the margins of one block of channels of one image: (depth, height, width, lanes) with margins round it."""
    p = carray(arguments, 1)[0]
    start = p.address + chunk * p.volume
    for plane in range(p.front + p.depth + p.back):
        at = start + plane * p.plane
        if plane < p.front or plane >= p.front + p.depth:
            _zero(at, p.plane)
            continue
        _zero(at, p.top * p.row)
        for line in range(p.top, p.top + p.height):
            _zero(at + line * p.row, p.left * p.pixel)
            _zero(at + line * p.row + (p.left + p.width) * p.pixel, p.right * p.pixel)
        _zero(at + (p.top + p.height) * p.row, p.bottom * p.row)


def margin_step(value: Value, address: int) -> Step:
    """Return the step that zeroes the margins of a root value that lies at `address`."""
    place = value.place(address)
    (front, back), (top, bottom), (left, right) = value.margin
    depth, height, width = value.size
    arguments = row(
        ROW,
        address=address,
        volume=place.block,
        plane=place.plane,
        row=place.row,
        pixel=place.pixel,
        depth=depth,
        height=height,
        width=width,
        front=front,
        back=back,
        top=top,
        bottom=bottom,
        left=left,
        right=right,
    )
    volumes = value.batch * value.blocks
    return Step(zero_margins, arguments, volumes, (place.block - depth * height * width * place.pixel) // 64)
