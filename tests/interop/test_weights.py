"""Reading weights: what is read, what is refused and how, and matching them to a network."""

import io
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from networks import build, conv
from safetensors.numpy import save_file

from cnncalc.diagnostics import CnncalcError
from cnncalc.engine import memory
from cnncalc.engine.matching import extra_tensors, match
from cnncalc.engine.run import execute
from cnncalc.engine.tensors import random_weights
from cnncalc.interop.weights import MAX_MEMBERS, read_weights
from cnncalc.spec.load import load

GRAPH = build(
    (3, 8, 8),
    conv("layer1.0.conv1", 4, 3),
    ("layer1.0.bn1", "BatchNorm2d", {}),
    ("flatten", "Flatten", {}),
    ("fc", "Linear", {"out_features": 2}),
    heads=[("aux", True, [("aux.fc", "Linear", {"out_features": 3})])],
)


def refused(path, code):
    with pytest.raises(CnncalcError) as caught:
        read_weights(path)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == [code]
    return caught.value.diagnostics[0]


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_what_is_written_is_read(tmp_path, suffix):
    weights = random_weights(GRAPH)
    path = tmp_path / f"w.{suffix}"
    if suffix == "npz":
        np.savez_compressed(path, **weights)
    else:
        save_file(weights, path)
    matched = match(GRAPH, read_weights(path))
    assert matched.extra == []
    assert set(matched.weights) == set(weights)
    for name, tensor in weights.items():
        np.testing.assert_array_equal(matched.weights[name], tensor)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int64, np.uint8, np.bool_])
def test_safetensors_element_types(tmp_path, dtype):
    array = np.array([[0, 1], [1, 0]], dtype)
    save_file({"a": array}, tmp_path / "w.safetensors")
    read = read_weights(tmp_path / "w.safetensors")["a"]
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, array)


def safetensors_bytes(header, data=b""):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_bfloat16_is_widened(tmp_path):
    # bfloat16 is the upper half of float32: 1.0 is 0x3F80, -2.5 is 0xC020.
    data = struct.pack("<2H", 0x3F80, 0xC020)
    header = {"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}
    (tmp_path / "w.safetensors").write_bytes(safetensors_bytes(header, data))
    read = read_weights(tmp_path / "w.safetensors")["a"]
    assert read.dtype == np.float32
    assert read.tolist() == [1.0, -2.5]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 8,
        struct.pack("<Q", 2**62) + b"{}",
        safetensors_bytes({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 8]}}, b"\0" * 8),
        safetensors_bytes({"a": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 8]}}, b"\0" * 8),
        safetensors_bytes({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"\0" * 3),
    ],
)
def test_damaged_safetensors_are_refused_with_the_librarys_words(tmp_path, data):
    (tmp_path / "w.safetensors").write_bytes(data)
    refused(tmp_path / "w.safetensors", "E607")


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "model.pkl", "model.BIN", "model.ckpt"])
def test_pickles_are_refused_with_the_way_to_convert(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x80\x04.")
    problem = refused(tmp_path / name, "E606")
    assert "safetensors" in problem.help and "weights_only=True" in problem.help


def test_other_kinds_are_refused(tmp_path):
    (tmp_path / "w.txt").write_text("")
    refused(tmp_path / "w.txt", "E606")


def test_what_is_no_file(tmp_path):
    refused(tmp_path / "none.npz", "E120")
    (tmp_path / "folder.npz").mkdir()
    refused(tmp_path / "folder.npz", "E122")
    os.mkfifo(tmp_path / "pipe.npz")
    refused(tmp_path / "pipe.npz", "E123")  # and does not wait for a writer
    (tmp_path / "device.safetensors").symlink_to("/dev/zero")
    refused(tmp_path / "device.safetensors", "E123")
    (tmp_path / "file").write_text("")
    refused(tmp_path / "file" / "w.npz", "E121")


def npy(header, data=b""):
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def npz(path, members, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (100000000000,), }"), "E603"),  # claims 373 GiB
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -4), }", b"\0" * 16), "E603"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", b"\0" * 15), "E603"),
        (npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"\x80\x04."), "E604"),
        (npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", b"\0" * 8), "E604"),
        (npy("__import__('os').system('true')"), "E603"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': " + "(" * 5000), "E603"),
        (b"\x93NUMPY\x03\x00\x00\x00\x00\x00", "E603"),
        (b"", "E603"),
    ],
)
def test_bad_members_of_npz(tmp_path, data, code):
    npz(tmp_path / "w.npz", {"a.npy": data})
    assert "a" in refused(tmp_path / "w.npz", code).message


def test_a_zip_bomb_is_refused_from_its_directory(tmp_path, monkeypatch):
    npz(tmp_path / "w.npz", {"a.npy": bytes(100_000_000)}, compression=zipfile.ZIP_DEFLATED)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    assert "100,000,000" in refused(tmp_path / "w.npz", "E607").message


def test_small_arrays_of_zeros_are_no_bomb(tmp_path):
    np.savez_compressed(tmp_path / "w.npz", a=np.zeros((1000, 1000), np.float32))
    assert read_weights(tmp_path / "w.npz")["a"].shape == (1000, 1000)


def test_too_many_members(tmp_path):
    members = {f"{i}": b"" for i in range(MAX_MEMBERS + 1)}
    npz(tmp_path / "w.npz", members)
    refused(tmp_path / "w.npz", "E607")


@pytest.mark.parametrize("damage", ["truncated", "not a zip", "bit flip", "lzma"])
def test_damaged_npz(tmp_path, damage):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.random.default_rng(0).standard_normal(1000))
    data = bytearray(buffer.getvalue())
    if damage == "truncated":
        data = data[: len(data) // 2]
    elif damage == "bit flip":
        data[len(data) // 2] ^= 0xFF
    elif damage == "not a zip":
        data = bytearray(b"PK" * 100)
    (tmp_path / "w.npz").write_bytes(data)
    if damage == "lzma":
        npz(tmp_path / "w.npz", {"a.npy": b"abc"}, compression=zipfile.ZIP_LZMA)
    refused(tmp_path / "w.npz", "E607")


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_weights_larger_than_memory_are_refused(tmp_path, monkeypatch, suffix):
    path = tmp_path / f"w.{suffix}"
    (np.savez(path, **random_weights(GRAPH)) if suffix == "npz" else save_file(random_weights(GRAPH), path))
    monkeypatch.setattr(memory, "available_bytes", lambda: 100)
    refused(path, "E401")


def test_every_tensor_that_does_not_match_is_named():
    weights = random_weights(GRAPH)
    del weights["layer1.0.bn1.running_var"]
    weights["fc.weight"] = weights["fc.weight"][:, :-1]
    weights["fc.bias"] = np.zeros(2, np.int8)
    with pytest.raises(CnncalcError) as caught:
        match(GRAPH, weights)
    found = {diagnostic.code: diagnostic.message for diagnostic in caught.value.diagnostics}
    assert set(found) == {"E608", "E609", "E604"}
    assert "layer1.0.bn1.running_var" in found["E608"]
    assert "2x143" in found["E609"] and "2x144" in found["E609"]


def test_extra_tensors_are_returned_but_not_those_of_training():
    weights = random_weights(GRAPH)
    weights["layer1.0.bn1.num_batches_tracked"] = np.array(7)
    weights["aux.fc.weight"] = np.zeros((3, 2))
    weights["old.weight"] = np.zeros(3)
    assert match(GRAPH, weights).extra == ["old.weight"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floating_point_is_cast(dtype):
    weights = {name: tensor.astype(np.float16) for name, tensor in random_weights(GRAPH).items()}
    assert {tensor.dtype for tensor in match(GRAPH, weights, dtype).weights.values()} == {np.dtype(dtype)}


def test_convnexts_linear_layers_and_bare_parameters_load_as_torchvision_stores_them():
    """There a Linear over the channels of each position is a 1x1 convolution here, and layer_scale is (C, 1, 1)."""
    point = ("point", "Conv2d", {"out_channels": 2, "kernel_size": 1})
    graph = build((3, 4, 5), point, ("layer_scale", "LayerScale", {}))
    draw = np.random.default_rng(0).standard_normal
    stored = {"point.weight": draw((2, 3)), "point.bias": draw(2), "layer_scale": draw((2, 1, 1))}
    matched = match(graph, stored, np.float64)
    assert {name: tensor.shape for name, tensor in matched.weights.items()} == {
        "point.weight": (2, 3, 1, 1), "point.bias": (2,), "layer_scale.weight": (2,),
    }  # fmt: skip
    assert not matched.extra
    x = draw((2, 3, 4, 5))
    linear = np.einsum("nchw,kc->nkhw", x, stored["point.weight"]) + stored["point.bias"][:, None, None]
    done = execute(graph, x, matched.weights).outputs["layer_scale"]
    np.testing.assert_allclose(done, linear * stored["layer_scale"], rtol=1e-12)


def test_a_checkpoint_of_convnext_has_every_tensor_and_no_other():
    """By the names and shapes of torchvision's state_dict."""
    root = Path(__file__).parents[2]
    golden = json.loads((root / "tests/data/golden/torchvision.json").read_text(encoding="utf-8"))["_convnext_tiny"]
    tensors = {name: np.broadcast_to(np.float32(1), shape) for name, shape in golden["state_dict"]}
    matched = match(load(root / "specs" / "convnext_tiny.yaml"), tensors)
    assert len(matched.weights) == len(tensors)
    assert not matched.extra


def test_of_many_tensors_without_use_the_first_are_named():
    (few,) = extra_tensors([f"a{at}." for at in range(12)])
    (many,) = extra_tensors([f"a{at}." for at in range(600)])
    assert few.message.endswith("a11.") and "a11., ..." in many.message
    assert "600" in many.message and "a12." not in many.message
