"""Writing the zeros round the planes of a value whose memory held something else before."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.native import Native, fields, inlined, native, row
from cnncalc.engine.plan.operation import Step
from cnncalc.engine.plan.value import Value
from cnncalc.engine.simd.emit import VECTOR_BYTES
from cnncalc.engine.simd.memory import store_float
from cnncalc.engine.simd.vector import broadcast, store

ROW = np.dtype(
    [
        ("address", "i8"),
        ("volumes", "i8"),  # blocks of all images
        ("chunks", "i8"),
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
    whole = size // VECTOR_BYTES * VECTOR_BYTES
    zeros = broadcast(np.float32(0))
    for at in range(0, whole, VECTOR_BYTES):
        store(address + at, zeros)
    for at in range(whole, size, 4):
        store_float(address + at, np.float32(0))


@inlined
def _zero_volume(p: Any, start: int) -> None:
    """Zero what lies round (depth, height, width, lanes). The end of a line and the begin of the next are one piece."""
    _zero(start, p.front * p.plane)
    for plane in range(p.front, p.front + p.depth):
        at = start + plane * p.plane
        _zero(at, p.top * p.row + p.left * p.pixel)
        end = at + p.top * p.row + (p.left + p.width) * p.pixel
        for _ in range(p.height - 1):
            _zero(end, (p.left + p.right) * p.pixel)
            end += p.row
        _zero(end, p.right * p.pixel + p.bottom * p.row)
    _zero(start + (p.front + p.depth) * p.plane, p.back * p.plane)


@native(ROW)
def zero_margins(arguments: Any, chunk: int, scratch: int) -> None:
    """Zero the margins of some blocks of channels: (depth, height, width, lanes) each, with margins round it."""
    p = fields(arguments)
    for volume in range(p.volumes * chunk // p.chunks, p.volumes * (chunk + 1) // p.chunks):
        _zero_volume(p, p.address + volume * p.volume)


BYTES_A_CHUNK = 1 << 15


def margin_step(value: Value, address: int) -> Step:
    """Return the step that zeroes the margins of a root value that lies at `address`."""
    place = value.place(address)
    (front, back), (top, bottom), (left, right) = value.margin
    depth, height, width = value.size
    volumes = value.batch * value.blocks
    zeros = place.block - depth * height * width * place.pixel
    chunks = min(volumes, 16, 1 + volumes * zeros // BYTES_A_CHUNK)
    arguments = row(
        ROW,
        address=address,
        volumes=volumes,
        chunks=chunks,
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
    return Step(zero_margins, arguments, chunks, volumes * zeros // VECTOR_BYTES // chunks)


def variants() -> list[Native]:
    """Return all kernels of this file."""
    return [zero_margins]
