"""`run`: the proof, what it runs on, what it saves, and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file
from shell import COMMAND, LENET, ROOT, SPECS, cnncalc, environment
from typer.testing import CliRunner

from cnncalc.cli.app import application
from cnncalc.engine.compiled import LayerProfile
from cnncalc.engine.tensors import random_weights
from cnncalc.layers.conv import Conv
from cnncalc.render.profile import profile_lines
from cnncalc.render.run import proof_lines
from cnncalc.render.screen import _plain
from cnncalc.render.words import cells
from cnncalc.spec.load import load
from cnncalc.verify import run

SMALL = """input: [1, 6, 6]
layers:
  - {name: conv, type: Conv2d, out_channels: 2, kernel_size: 3, padding: 1}
  - {name: norm, type: BatchNorm2d}
  - Flatten
  - {name: fc, type: Linear, out_features: 3}
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture
def weights(small):
    return random_weights(load(str(small)), 5, "float32")


def test_a_run_of_lenet():
    shown = cnncalc("run", LENET)
    assert shown.code == 0 and shown.err == ""
    lines = shown.out.splitlines()
    assert lines[:2] == ["LeNet-5   input 1x32x32   batch 1   float32", "input random, seed 0   weights random, seed 0"]
    assert lines[3].split() == ["layer", "type", "output", "params", "how"]
    assert lines[7].split() == ["=", "conv2", "Conv2d", "16x10x10", "2,416", "direct"]
    assert any(line.startswith("= memory of activations in this layout: ") for line in lines)
    assert any(line.startswith("1 thread ") and " GMAC/s " in line for line in lines)
    assert lines[-2] == "25 checks agree: shapes, tensors and memory; params 61,706, MACs 416,520"
    assert "--verify" in lines[-1]


@pytest.mark.parametrize("how", [["--dtype", "float64"], ["--verify"]])
def test_the_proof_of_lenet(how):
    shown = cnncalc("run", LENET, *how)
    assert shown.code == 0 and shown.err == ""
    lines = shown.out.splitlines()
    assert lines[7].split()[:6] == ["=", "conv2", "Conv2d", "16x10x10", "2,416", "240,000"]
    assert "= receptive field of pool2, axis 0, measured: size 16, jump 4, start 0" in lines
    assert "= interior unit 2,2 of pool2 sees input 8..23 x 8..23" in lines
    assert any(line.startswith("= peak memory measured") and line.endswith(": 73.5 KiB") for line in lines)
    assert lines[-1].startswith("proven: ") and "params 61,706, MACs 416,520" in lines[-1]
    assert any(line.startswith("= output differs from the definition's") for line in lines) is (how == ["--verify"])


def test_a_run_as_json(small):
    proof = cnncalc("run", small, "--json", "--threads", 2, "--repeat", 3, "--profile").json
    engine = proof["engine"]
    assert proof["verified"] is False and proof["agrees"] is True
    assert len(engine["seconds"]) == 3 and engine["fallbacks"] == [] and engine["checked"] is True
    assert engine["arena_bytes"] == engine["predicted_bytes"] and engine["threads"] == 1  # it is tiny
    assert [layer["kind"] for layer in proof["layers"]] == [None, "DirectConvolution", None, "DirectConvolution"]
    assert proof["layers"][0]["within"] == "norm"
    assert proof["layers"][0]["output_shape"]["executed"] == [2, 6, 6]
    assert proof["layers"][0]["macs"] is None and proof["peak_bytes"] is None and proof["receptive_field"] == []
    assert [row["name"] for row in proof["profile"]] == ["input", "conv", "fc", "fc"]
    assert sum(row["share"] for row in proof["profile"]) == pytest.approx(1)
    assert proof["profile"][1]["covers"] == ["conv", "norm"] and proof["peak_gmacs_per_second"] > 0.1


def test_the_proof_as_json(small):
    proof = cnncalc("run", small, "--json", "--batch", 2, "--top", 2, "--verify").json
    assert proof["schema_version"] == 1 and proof["agrees"] is True and proof["mismatches"] == []
    conv = proof["layers"][0]
    assert conv["name"] == "conv" and conv["output_shape"] == {
        "static": [2, 6, 6],
        "executed": [2, 6, 6],
        "agrees": True,
    }
    assert conv["macs"]["executed"] == 2 * 9 * 36 and conv["macs_on_padding"]["executed"] == 2 * (9 * 36 - 16 * 16)
    assert conv["tensors"]["executed"] == {"weight": [2, 1, 3, 3], "bias": [2]}
    assert proof["output"]["shape"] == [2, 3] and [len(best) for best in proof["output"]["top"]] == [2, 2]
    assert set(proof["output"]["top"][0][0]) == {"index", "value", "label"}
    assert proof["checks"] > 15 and proof["peak_bytes"]["agrees"] is True and proof["verified"] is True
    assert conv["relative_error"] is None and proof["layers"][1]["relative_error"]["executed"] < 1e-6
    assert proof["relative_error"]["agrees"] is True and proof["relative_error"]["executed"] < 1e-6


def test_a_profile_on_a_narrow_terminal_drops_columns_in_their_order():
    wide, *_ = (line for line in profile_of(120) if "GMAC/s" in line)
    assert wide.split() == ["layer", "how", "time", "share", "GMAC/s", "of", "peak", "bytes"]
    narrow = profile_of(44)
    at = next(at for at, line in enumerate(narrow) if "GMAC/s" in line)
    assert narrow[at].split() == ["layer", "time", "share", "GMAC/s"] and all(cells(line) <= 44 for line in narrow)
    assert "left out to fit: bytes, of peak, how" in " ".join(narrow)
    narrowest = profile_of(24)
    assert next(line for line in narrowest if "time" in line).split() == ["layer", "time", "share"]
    assert all(cells(line) <= 24 for line in narrowest)


@pytest.mark.parametrize(
    ("width", "verify"), [(24, False), (24, True), (30, True), (40, False), (60, True), (80, True)]
)
def test_no_line_of_a_proof_is_longer_than_the_terminal(small, width, verify):
    proof = run(load(str(small)), verify=verify, profile=True)
    assert all(cells(_plain(line)) <= width for line in proof_lines(proof, [], (None, None, 0), width))


def test_a_proof_on_a_narrow_terminal_keeps_what_it_is_about(small):
    proof = run(load(str(small)), verify=True)
    wide, gone = ["layer", "type", "output", "params", "MACs counted", "on padding", "how", "error"], []
    for width in range(120, 19, -1):
        lines = [_plain(line) for line in proof_lines(proof, [], (None, None, 0), width)]
        shown = next(line for line in lines if line.split()[:1] == ["layer"])
        gone += [title for title in wide if title not in shown and title not in gone]
    assert gone == ["type", "how", "on padding", "params", "output", "MACs counted"]


def test_a_bound_and_a_disagreement_are_folded_too(small):
    proof = run(load(str(small)), verify=True)
    bound = [unit._replace(check=unit.check._replace(static=((0, 100_000),) * 2, within=True)) for unit in proof.units]
    wrong = [layer._replace(macs=layer.macs._replace(executed=10**12)) for layer in proof.layers]
    proof = proof._replace(units=tuple(bound), layers=tuple(wrong))
    lines = [_plain(line) for line in proof_lines(proof, [], (None, None, 0), 30)]
    assert all(cells(line) <= 30 for line in lines)
    assert "which is a bound here" in " ".join(" ".join(lines).split()) and "checks disagree:" in " ".join(lines)


def profile_of(width):
    rows = [
        LayerProfile("conv1", ("conv1", "relu1"), "DirectConvolution", 2e-3, 40_000_000, 123_456, 1e11),
        LayerProfile("pool1", ("pool1",), "Pooling", 1e-3, 0, 6_543, 1e11),
    ]
    lines = ["".join(piece if isinstance(piece, str) else piece.text for piece in line)
             for line in profile_lines(rows, width)]  # fmt: skip
    assert any("#" * 24 in line and "#" * 25 not in line for line in lines) is (width > 100)
    assert "conv1 67%, pool1 33%" in " ".join(lines)
    return lines


@pytest.mark.parametrize(
    ("options", "help"),
    [
        (["--dtype", "float64", "--threads", "2"], "--threads is for the fast engine"),
        (["--dtype", "float64", "--profile"], "--profile is for the fast engine"),
        (["--quantize", "int8", "--repeat", "2"], "--repeat is not for lighter networks"),
        (["--quantize", "int8", "--verify"], "--verify is not for lighter networks"),
        (["--threads", "0"], "not in the range"),
        (["--repeat", "0"], "not in the range"),
    ],
)
def test_options_of_the_fast_engine_are_refused_where_it_does_not_run(options, help):
    wrong = cnncalc("run", LENET, *options)
    assert wrong.code == 2 and wrong.out == "" and help in wrong.err


def test_a_jump_that_is_a_fraction_is_a_number_of_the_json(tmp_path):
    path = tmp_path / "finer.yaml"
    path.write_text(
        "input: [1, 4, 4]\nlayers:\n  - {name: up, type: ConvTranspose2d, out_channels: 1, kernel_size: 2, stride: 2}\n"
    )
    # A kernel of 2 by steps of 2: each pair of output positions has one of the input, so a step is half of one.
    fields = cnncalc("run", path, "--json", "--verify").json["receptive_field"]
    assert [field["executed"] for field in fields] == [[1, 0.5, 0], [1, 0.5, 0]]
    assert all(field["agrees"] and field["static"] == field["executed"] for field in fields)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_disagreement_exits_1_and_says_which(small, monkeypatch, as_json):
    true = Conv.quantities
    monkeypatch.setattr(
        Conv, "quantities", lambda self, *shapes: (right := true(self, *shapes))._replace(mac=right.mac + 1)
    )
    done = CliRunner().invoke(application(), ["run", str(small), "--verify", *(["--json"] if as_json else [])])
    assert done.exit_code == 1
    if as_json:
        assert json.loads(done.stdout)["mismatches"] == [{"layer": "conv", "what": "MACs"}]
    else:
        assert "conv: MACs: static 649, executed 648" in done.stdout
        assert "1 of " in done.stdout and "proven" not in done.stdout
        assert next(line for line in done.stdout.splitlines() if " conv " in line).startswith("!")


@pytest.mark.parametrize("form", ["safetensors", "npz"])
def test_weights_by_name(small, weights, tmp_path, form):
    file = tmp_path / f"w.{form}"
    save_file(weights, file) if form == "safetensors" else np.savez(file, **weights)
    one, random, given = tmp_path / "one.npy", tmp_path / "random.npy", tmp_path / "given.npy"
    cnncalc("run", small, "--output", one, "--seed", 1)
    cnncalc("run", small, "--output", random, "--seed", 5)
    shown = cnncalc("run", small, "--weights", file, "--output", given, "--seed", 5)
    assert shown.code == 0 and shown.err == "" and f"weights {file}" in shown.out
    np.testing.assert_array_equal(np.load(given), np.load(random))
    assert not np.array_equal(np.load(one), np.load(given))


def test_all_missing_and_misshapen_weights_are_listed(small, weights, tmp_path):
    file = tmp_path / "w.npz"
    wrong = {**weights, "conv.weight": np.zeros((2, 1, 5, 5), np.float32), "fc.bias": np.zeros(4, np.float32)}
    del wrong["norm.running_var"], wrong["fc.weight"]
    np.savez(file, **wrong)
    shown = cnncalc("run", small, "--weights", file)
    assert shown.code == 2 and shown.out == ""
    for name in ("conv.weight", "fc.bias", "norm.running_var", "fc.weight"):
        assert name in shown.err
    assert "2x1x5x5" in shown.err and "2x1x3x3" in shown.err


def test_extra_weights_are_a_warning(small, weights, tmp_path):
    file = tmp_path / "w.npz"
    np.savez(file, **weights, **{"head.weight": np.zeros(3, np.float32)})
    shown = cnncalc("run", small, "--weights", file)
    assert shown.code == 0 and "warning[W610]" in shown.err and "head.weight" in shown.err


def test_output_and_activations(small, tmp_path):
    output, folder = tmp_path / "y.npy", tmp_path / "new" / "folder"
    assert cnncalc("run", small, "--output", output, "--save-activations", folder, "--batch", 2).code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["conv.npy", "fc.npy", "flatten1.npy", "norm.npy"]
    assert np.load(folder / "conv.npy").shape == (2, 2, 6, 6)
    np.testing.assert_array_equal(np.load(folder / "fc.npy"), np.load(output))
    assert np.load(output).dtype == np.float32
    assert cnncalc("run", small, "--output", output, "--dtype", "float64").code == 0
    assert np.load(output).dtype == np.float64


def test_output_goes_through_a_link_and_a_second_run_gives_the_same_bytes(small, tmp_path):
    place, link = tmp_path / "y.npy", tmp_path / "link.npy"
    place.write_bytes(b"old")
    link.symlink_to(place)
    assert cnncalc("run", small, "--output", link).code == 0 and link.is_symlink()
    first = place.read_bytes()
    assert cnncalc("run", small, "--output", place).code == 0 and place.read_bytes() == first


def test_output_never_replaces_what_is_no_file(small, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for place in (fifo, tmp_path):
        shown = cnncalc("run", small, "--output", place)
        assert shown.code == 2 and "error[E191]" in shown.err and shown.out == ""
    assert fifo.is_fifo()


@pytest.mark.parametrize("option", ["--output", "--save-activations"])
def test_a_place_that_cannot_be_written_is_refused(small, option, tmp_path):
    place = "/proc/no/such/place"
    shown = cnncalc("run", small, option, place)
    assert shown.code == 2 and place in shown.err and "Traceback" not in shown.err


def test_an_array_as_input(small, tmp_path):
    file, output = tmp_path / "x.npy", tmp_path / "y.npy"
    np.save(file, np.ones((3, 1, 6, 6), np.float64))
    shown = cnncalc("run", small, "--input", file, "--output", output)
    assert shown.code == 0 and f"input {file}" in shown.out and np.load(output).shape == (3, 3)
    np.save(file, np.ones((1, 7, 6)))
    wrong = cnncalc("run", small, "--input", file)
    assert wrong.code == 2 and "1x7x6" in wrong.err and "1x6x6" in wrong.err


@pytest.mark.parametrize(
    ("shape", "help"),
    [
        ((1, 28, 28), f"make it 1x32x32, or write input: [1, 28, 28] in {LENET}:5"),
        ((7, 1, 28, 28), f"make it 1x32x32, or write input: [1, 28, 28] in {LENET}:5"),
        ((32, 32), "use x.reshape(1, 32, 32)"),
        ((3, 32, 32), "a batch has one more axis in front: Nx1x32x32"),
    ],
)
def test_an_array_of_another_size_is_told_what_would_make_it_fit(shape, help, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(shape))
    refused = cnncalc("run", LENET, "--input", str(tmp_path / "x.npy"))
    assert refused.code == 2 and refused.err.strip().endswith(f"= help: {help}")


def test_a_shape_as_input():
    shown = cnncalc("run", SPECS / "examples" / "stacked_3x3.yaml", "--input", "1x40x40")
    assert shown.code == 0 and "1x40x40" in shown.out.splitlines()[0]


def test_a_picture_as_input(small, tmp_path):
    file = tmp_path / "x.png"
    Image.new("L", (9, 12), 255).save(file)
    kept = tmp_path / "a"
    shown = cnncalc("run", small, "--input", file, "--resize", 6, "--crop", 6, "--mean", 0.5, "--std", 0.25,
                    "--save-activations", kept, "--dtype", "float64")  # fmt: skip
    assert shown.code == 0, shown.err
    weights = random_weights(load(str(small)), 0, "float64")
    middle = 2 * weights["conv.weight"].sum(axis=(1, 2, 3)) + weights["conv.bias"]
    np.testing.assert_allclose(np.load(kept / "conv.npy")[0, :, 3, 3], middle)
    for options, help in (
        (["--mean", "x"], "0.485,0.456,0.406"),
        (["--resize", "axb"], "224x224"),
        (["--crop", "0"], "224x224"),
    ):
        wrong = cnncalc("run", small, "--input", file, *options)
        assert wrong.code == 2 and help in wrong.err


def test_the_largest_outputs_with_their_labels(tmp_path):
    spec, labels = tmp_path / "s.yaml", tmp_path / "labels.txt"
    spec.write_text("input: [3]\nlayers: [Identity]\ntensors: {input: [2, 9, 5]}\n")
    labels.write_text("cat\ndog\nb\x1b[31mird\u202e\n")
    shown = cnncalc("run", spec, "--top", 2, "--labels", labels)
    lines = shown.out.splitlines()
    at = lines.index("largest outputs of input 0:")
    assert [line.split() for line in lines[at + 1 : at + 3]] == [["9", "1", "dog"], ["5", "2", r"b\u001b[31mird\u202e"]]
    labels.write_text("cat\n")
    assert "warning[W612]: there are 1 labels and 3 outputs" in cnncalc("run", spec, "--top", 1, "--labels", labels).err


@pytest.mark.parametrize(
    ("options", "help"),
    [
        (["--labels", "l.txt"], "add --top 5"),
        (["--top", "2", "--labels", "nosuch.txt"], "nosuch.txt"),
        (["--top", "0"], "not in the range"),
        (["--input", "nosuch.npy"], "nosuch.npy"),
        (["--input", "x.gif"], "save it as .npy"),
        (["--input", "3x4"], "input: [1, 3, 4]"),
        (["--input", "x.npy", "--batch", "2"], "leave --batch out"),
        (["--mean", "0.5"], "--input picture.png"),
        (["--weights", "nosuch.npz"], "nosuch.npz"),
        (["--weights", "w.pt"], "safetensors"),
        (["--dtype", "float16"], "float64"),
        (["--output", "no/such/folder/y.npy"], "make it first"),
    ],
)
def test_a_wrong_option_is_answered_with_a_way_out(options, help, tmp_path):
    (tmp_path / "w.pt").write_bytes(b"PK\x03\x04")
    wrong = cnncalc("run", LENET, *options, cwd=tmp_path)
    assert wrong.code == 2 and wrong.out == "" and help in wrong.err and "Traceback" not in wrong.err


def test_too_large_is_refused_before_allocating_with_the_number():
    refused = cnncalc("run", SPECS / "vgg16.yaml", "--batch", 10_000_000, "--json")
    assert refused.code == 3
    error = refused.json["errors"][0]
    assert error["code"] == "E401" and "513,8" in error["message"] and "bytes" in error["message"]


def test_ctrl_c_between_layers_is_quiet(tmp_path):
    spec, kept = tmp_path / "long.yaml", tmp_path / "kept"
    body = "[{type: Conv2d, out_channels: 16, kernel_size: 3, padding: 1}]"
    spec.write_text(f"input: [16, 128, 128]\nlayers: [{{type: Sequential, repeat: 2000, layers: {body}}}]\n")
    child = subprocess.Popen(
        [*COMMAND, "run", str(spec), "--dtype", "float64", "--output", str(tmp_path / "y.npy"),
         "--save-activations", str(kept)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), cwd=ROOT,
    )  # fmt: skip
    end = time.monotonic() + 60
    while not (kept.is_dir() and any(kept.iterdir())) and time.monotonic() < end:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (130, b"", b"")
    assert not (tmp_path / "y.npy").exists()
    assert all(np.load(path).shape == (1, 16, 128, 128) for path in kept.iterdir() if path.name[0] != ".")
