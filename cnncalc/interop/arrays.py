"""Inputs and activations as NumPy's .npy files. The header is read first: a file may claim any size."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from cnncalc.diagnostics import Span
from cnncalc.engine.memory import refuse_if_too_large
from cnncalc.engine.other_shape import other_sizes, rearranged
from cnncalc.interop.files import check_regular, failed, open_regular, write_whole
from cnncalc.text import Shape, number, say, shape_text

Array = npt.NDArray[Any]


class Header(NamedTuple):
    """What a .npy header claims."""

    shape: Shape
    dtype: np.dtype[Any]
    fortran_order: bool

    @property
    def claimed_bytes(self) -> int:
        """The size of the data that should follow."""
        return prod(self.shape) * self.dtype.itemsize


def read_header(file: BinaryIO, name: str) -> Header:
    """Read the header of .npy data, leaving `file` at the data. Raises CnncalcError (E603, E604)."""
    try:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, fortran_order, dtype = read(file)
    except Exception as error:  # NumPy parses the header as Python, which fails in many ways on hostile bytes
        message = say("{name} is not a .npy array that can be read: {reason}", name=name, reason=_first_line(error))
        raise failed("E603", message) from error
    header = Header(tuple(int(size) for size in shape), dtype, bool(fortran_order))
    if header.dtype.hasobject or header.dtype.kind not in "biuf":
        message = say("{name} holds {dtype}, and numbers are needed", name=name, dtype=header.dtype)
        raise failed("E604", message, say("save it with numpy.save as float32; pickled objects are never loaded"))
    return header


def read_data(file: BinaryIO, header: Header, available: int, name: str) -> Array:
    """Read the data after a header, of which `available` bytes are there. Raises CnncalcError (E603, E401)."""
    if min(header.shape, default=0) < 0 or header.claimed_bytes > available:
        message = say(
            "{name} claims {claimed} bytes of data, and has {available}",
            name=name,
            claimed=number(header.claimed_bytes),
            available=number(available),
        )
        raise failed("E603", message)
    refuse_if_too_large(header.claimed_bytes)
    data = file.read(header.claimed_bytes)
    if len(data) < header.claimed_bytes:
        raise failed("E603", say("{name} ends before its data does", name=name))
    order = "F" if header.fortran_order else "C"
    return np.reshape(np.frombuffer(data, header.dtype), header.shape, order=order)


def read_input(path: Path, input_shape: Shape, dtype: npt.DTypeLike = np.float32, place: Span | None = None) -> Array:
    """Read an input from a .npy file: one of `input_shape`, or a batch (N, *input_shape). Returns the batch.

    `place`: where the spec says what the input is. What `dtype` cannot hold becomes infinite.
    Raises CnncalcError: E603 damaged, E604 no numbers, E605 another shape, E401 too large for memory.
    """
    size = check_regular(path)
    with open_regular(path) as file:
        header = read_header(file, str(path))
        one, many = header.shape == input_shape, header.shape[1:] == input_shape and header.shape[:1] != (0,)
        if not one and not many:
            message = say(
                "{path} holds {got}, and the network takes {wanted}",
                path=path,
                got=shape_text(header.shape) or say("a single number"),
                wanted=shape_text(input_shape),
            )
            raise failed("E605", message, _way_out(header.shape, input_shape, place))
        array = read_data(file, header, size - file.tell(), str(path))
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array if many else array[None], dtype)


def _way_out(got: Shape, wanted: Shape, place: Span | None) -> str:
    """Say what to do about an array of another shape."""
    turned = rearranged(got, wanted)
    if turned:
        return turned
    sizes = other_sizes(got, wanted)
    if sizes is None:
        return say("a batch has one more axis in front: Nx{shape}", shape=shape_text(wanted))
    if place is None:
        return say("make it {wanted}, or the network's input {sizes}", wanted=shape_text(wanted), sizes=list(sizes))
    return say(
        "make it {wanted}, or write input: {sizes} in {source}:{line}",
        wanted=shape_text(wanted),
        sizes=list(sizes),
        source=place.source,
        line=place.line,
    )


def write_array(path: Path, array: Array) -> None:
    """Write a .npy file, whole or not at all. Raises CnncalcError (E124)."""

    def write(file: BinaryIO) -> None:
        plain: Any = _Plain(file)
        np.lib.format.write_array(plain, np.ascontiguousarray(array), allow_pickle=False)

    write_whole(path, write)


class _Plain:
    """A file of which NumPy only knows `write`: into one it knows, it writes by itself, and misses a full disk."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
