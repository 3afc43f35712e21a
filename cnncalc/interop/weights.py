"""Weights from .safetensors and .npz files, matched to the network by full name and shape; nothing is unpickled."""

from __future__ import annotations

import zipfile
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnncalc.engine.memory import refuse_if_too_large
from cnncalc.interop.arrays import read_data, read_header
from cnncalc.interop.files import check_regular, failed, open_regular
from cnncalc.text import number, say

Array = npt.NDArray[Any]

MAX_MEMBERS = 100_000
"""The most arrays in one .npz file."""
MAX_RATIO = 200
"""The most bytes that one compressed byte may become; random weights hardly shrink, and a bomb reaches 1,000."""
FREE_BYTES = 1 << 24
"""Up to so many bytes the ratio does not matter: a file of zeros is nothing bad."""

_PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt")
_CONVERT = """python -c "import torch, safetensors.torch as s
s.save_file({k: v.contiguous() for k, v in torch.load('model.pt', weights_only=True).items()}, 'model.safetensors')\""""
_SAFETENSORS_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}


def read_weights(path: Path) -> dict[str, Array]:
    """Read all tensors of a .safetensors or .npz file.

    Raises CnncalcError: E120 to E123 no readable file, E606 a kind that is not read, E607 damaged or malicious, E604
    not numbers, E401 too large for memory.
    """
    suffix = path.suffix.lower()
    if suffix in _PICKLES:
        message = say("{path} is a pickle, which can run any code when it is loaded, so it is not", path=path)
        raise failed("E606", message, say("convert it, where you trust it:\n{command}", command=_CONVERT))
    readers = {".safetensors": _read_safetensors, ".npz": _read_npz}
    if suffix not in readers:
        message = say("{path} is neither .safetensors nor .npz", path=path)
        raise failed("E606", message, say("weights are read from .safetensors and .npz files"))
    return readers[suffix](path)


def _read_safetensors(path: Path) -> dict[str, Array]:
    size = check_regular(path)
    refuse_if_too_large(3 * size)  # the file, the library's copy of each tensor, and ours
    library: Any = import_module("safetensors")
    with open_regular(path) as file:
        data = file.read()
    try:
        entries: list[tuple[str, dict[str, Any]]] = library.deserialize(data)
    except (library.SafetensorError, ValueError, OverflowError) as error:
        raise failed("E607", say("{path} is damaged: {reason}", path=path, reason=error)) from error
    return {name: _from_safetensors(path, name, entry) for name, entry in entries}


def _from_safetensors(path: Path, name: str, entry: dict[str, Any]) -> Array:
    kind = str(entry["dtype"])
    if kind not in _SAFETENSORS_DTYPES:
        message = say(
            "tensor {name} of {path} has element type {kind}, which is not read", name=name, path=path, kind=kind
        )
        raise failed("E604", message, say("convert it to float32"))
    flat: Array = np.frombuffer(entry["data"], _SAFETENSORS_DTYPES[kind])
    if kind == "BF16":  # the upper half of a float32
        flat = np.frombuffer((flat.astype(np.uint32) << 16).tobytes(), np.float32)
    return np.reshape(flat, tuple(entry["shape"]))


def _read_npz(path: Path) -> dict[str, Array]:
    size = check_regular(path)
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_directory(path, size, members)
            return {_array_name(member): _read_member(path, archive, member) for member in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise failed("E607", say("{path} is damaged: {reason}", path=path, reason=error)) from error


def _array_name(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _check_directory(path: Path, size: int, members: list[zipfile.ZipInfo]) -> None:
    """Refuse what the zip directory alone shows to be too much, before a byte is unpacked."""
    if len(members) > MAX_MEMBERS:
        message = say(
            "{path} has {count} members, more than {most}",
            path=path,
            count=number(len(members)),
            most=number(MAX_MEMBERS),
        )
        raise failed("E607", message)
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise failed("E607", say("{path} is compressed in a way that numpy.savez never uses", path=path))
    total = sum(member.file_size for member in members)
    if total > max(FREE_BYTES, MAX_RATIO * size):
        message = say(
            "{path} is {size} bytes and claims to unpack to {total}, which no weights do",
            path=path,
            size=number(size),
            total=number(total),
        )
        raise failed("E607", message)
    refuse_if_too_large(2 * total)


def _read_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    name = say("{name} in {path}", name=_array_name(member), path=path)
    with archive.open(member) as file:
        stream: Any = file
        header = read_header(stream, name)
        return read_data(stream, header, member.file_size - file.tell(), name)
