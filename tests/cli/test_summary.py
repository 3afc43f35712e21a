"""`summary`: the table, its formats, and the JSON others build on."""

from __future__ import annotations

import csv
import io

import pytest
from shell import LENET, SPECS, cnncalc

TOP = {
    "schema_version", "name", "reference", "input_shape", "batch", "dtype", "layers", "heads", "totals", "warnings",
}  # fmt: skip
LAYER = {
    "name", "type", "inputs", "input_shapes", "output_shape", "arguments", "parameters", "buffers", "parameter_count",
    "buffer_count", "macs", "macs_without_padding", "flops", "receptive_field", "activation_bytes",
}  # fmt: skip
SOMETIMES = {"receptive_field_without_gate", "receptive_field_smallest_path"}
TOTALS = {
    "parameters", "buffers", "macs", "macs_without_padding", "flops", "parameter_bytes", "buffer_bytes",
    "activation_bytes", "peak_bytes", "peak_at", "training",
}  # fmt: skip


def test_the_table_of_lenet():
    shown = cnncalc("summary", LENET)
    lines = shown.out.splitlines()
    assert shown.code == 0 and shown.err == ""
    assert lines[0] == "LeNet-5   input 1x32x32   batch 1   float32"
    assert lines[2].split() == ["#", "layer", "type", "output", "kernel", "params", "MACs", "RF", "memory"]
    assert lines[6].split() == ["4", "conv2", "Conv2d", "16x10x10", "5/1", "p0", "2,416", "240,000", "14", "6.2", "KiB"]
    assert lines[-3] == "params 61,706 (241.0 KiB)   MACs 416,520   FLOPs 833,040   peak 36.8 KiB at sigmoid1"
    # By hand: 61,706 weights and as many gradients, 4,096 bytes of input, 60,008 of outputs; then 1 and 2 states more.
    assert lines[-2] == "to train: SGD 544.7 KiB, with momentum 785.7 KiB, Adam 1.0 MiB"
    assert "FLOPs = 2 MACs" in lines[-1]


@pytest.mark.parametrize("spec", ["lenet", "resnet18", "googlenet"])
def test_json_has_the_documented_keys_and_no_others(spec):
    report = cnncalc("summary", SPECS / f"{spec}.yaml", "--json").json
    assert set(report) == TOP and report["schema_version"] == 1
    assert set(report["totals"]) == TOTALS
    assert set(report["totals"]["training"]) == {"gradients", "optimizer", "kept_activations", "total"}
    for layer in [*report["layers"], *(layer for head in report["heads"] for layer in head["layers"])]:
        assert set(layer) - SOMETIMES == LAYER, layer["name"]
        assert all(set(axis) - {"phases"} == {"size", "jump", "start"} for axis in layer["receptive_field"])
    assert all(set(head) == {"name", "train_only", "layers"} for head in report["heads"])


def test_json_of_one_layer():
    layer = cnncalc("summary", LENET, "--json").json["layers"][3]
    assert layer["name"] == "conv2" and layer["inputs"] == ["pool1"]
    assert layer["input_shapes"] == [[6, 14, 14]] and layer["output_shape"] == [16, 10, 10]
    assert layer["parameters"] == {"weight": [16, 6, 5, 5], "bias": [16]}
    assert layer["parameter_count"] == 2416 and layer["macs"] == 240000 and layer["flops"] == 480000
    assert layer["receptive_field"] == [{"size": 14, "jump": 2, "start": 0}] * 2
    assert layer["activation_bytes"] == 6400 and layer["arguments"]["kernel_size"] == [5, 5]


def test_json_of_batch_norm_has_its_statistics_as_buffers():
    layers = cnncalc("summary", SPECS / "resnet18.yaml", "--json").json["layers"]
    bn1 = next(layer for layer in layers if layer["name"] == "bn1")
    assert bn1["buffers"] == {"running_mean": [64], "running_var": [64]} and bn1["buffer_count"] == 128


def test_train_only_heads_are_in_the_json_and_not_in_the_totals():
    report = cnncalc("summary", SPECS / "googlenet.yaml", "--json").json
    assert [(head["name"], head["train_only"]) for head in report["heads"]] == [("aux1", True), ("aux2", True)]
    assert report["totals"]["parameters"] == sum(layer["parameter_count"] for layer in report["layers"])


def test_format_json_is_json():
    assert cnncalc("summary", LENET, "--format", "json").out == cnncalc("summary", LENET, "--json").out


def numbers(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("spec", ["resnet18", "googlenet", "densenet121"])
def test_depth_never_changes_the_totals(spec):
    path = SPECS / f"{spec}.yaml"
    wanted = "params,buffers,macs,real_macs,flops,memory"
    sums = []
    for depth in ([], ["--depth", 3], ["--depth", 2], ["--depth", 1]):
        table = numbers(cnncalc("summary", path, "--format", "csv", "--columns", wanted, *depth).out)
        sums.append([len(table), *(sum(int(row[key]) for row in table) for key in wanted.split(","))])
    assert all(one[1:] == sums[0][1:] for one in sums)
    assert sums[-1][0] < sums[0][0]
    footers = [cnncalc("summary", path, *depth).out.split("\n\n")[2] for depth in ([], ["--depth", 1])]
    assert footers[0] == footers[1] and "MACs" in footers[0]


def test_csv_has_plain_integers_and_tsv_tabs():
    row = numbers(cnncalc("summary", LENET, "--format", "csv").out)[3]
    assert row["layer"] == "conv2" and row["params"] == "2416" and row["macs"] == "240000" and row["memory"] == "6400"
    head = cnncalc("summary", LENET, "--format", "tsv").out.splitlines()[0]
    assert head.split("\t") == ["index", "layer", "type", "output", "kernel", "params", "macs", "rf", "memory"]


def test_markdown_and_latex_end_with_the_totals():
    markdown = cnncalc("summary", LENET, "--format", "markdown").out.splitlines()
    assert markdown[1].startswith("| ---: | :--- |") and "**61,706**" in markdown[-1]
    assert len({line.count("|") for line in markdown}) == 1
    latex = cnncalc("summary", LENET, "--format", "latex").out
    assert latex.startswith(r"\begin{tabular}{rllllrrrr}") and r"\#" in latex and "61,706" in latex
    assert latex.rstrip().endswith(r"\end{tabular}")


def test_columns_in_the_order_asked_for():
    lines = cnncalc("summary", LENET, "--columns", "macs, layer,inputs,jump,start,flops").out.splitlines()
    assert lines[2].split() == ["MACs", "layer", "from", "jump", "start", "FLOPs"]
    assert lines[6].split() == ["240,000", "conv2", "pool1", "2", "0", "480,000"]


def test_another_input_batch_and_dtype():
    larger = cnncalc("summary", SPECS / "resnet18.yaml", "--input", "3x512x512", "--json").json
    assert larger["input_shape"] == [3, 512, 512] and larger["layers"][0]["output_shape"] == [64, 256, 256]
    one = cnncalc("summary", LENET, "--json").json
    four = cnncalc("summary", LENET, "--batch", 4, "--dtype", "float16", "--json").json
    assert four["totals"]["macs"] == one["totals"]["macs"]
    assert four["totals"]["peak_bytes"] == 2 * one["totals"]["peak_bytes"]
    assert four["totals"]["parameter_bytes"] * 2 == one["totals"]["parameter_bytes"]
    assert "for the batch of 4" in cnncalc("summary", LENET, "--batch", 4).out


def test_set_overrides_a_var(tmp_path):
    spec = tmp_path / "wide.yaml"
    spec.write_text(
        "input: [1, 8, 8]\nvars: {width: 4}\nlayers: [{type: Conv2d, out_channels: 2*width, kernel_size: 3}]\n"
    )
    assert cnncalc("summary", spec, "--json").json["layers"][0]["output_shape"] == [8, 6, 6]
    assert cnncalc("summary", spec, "--set", "width=5", "--json").json["layers"][0]["output_shape"] == [10, 6, 6]
    wrong = cnncalc("summary", spec, "--set", "widht=5")
    assert wrong.code == 2 and "did you mean width?" in wrong.err


def test_standard_input():
    piped = cnncalc("summary", "-", stdin=(SPECS / "lenet.yaml").read_bytes())
    assert piped.code == 0 and piped.out == cnncalc("summary", LENET).out
    wrong = cnncalc("summary", "-", stdin="input: [1]\nlayers: [Relux]\n")
    assert wrong.code == 2 and "<stdin>:2:10" in wrong.err


def test_warnings_go_to_stderr_and_into_the_json(tmp_path):
    spec = tmp_path / "unused.yaml"
    spec.write_text("input: [1, 8, 8]\nvars: {width: 4}\nlayers: [ReLU]\n")
    shown = cnncalc("summary", spec, "--json")
    assert shown.code == 0 and shown.json["warnings"][0]["code"] == "W503"
    assert "warning[W503]" in shown.err and f"{spec}:2:8" in shown.err


@pytest.mark.parametrize(
    ("option", "help"),
    [
        (["--columns", "layr"], "did you mean layer?"),
        (["--columns", "zzz"], "there are index, layer"),
        (["--input", "1xx"], "--input 3x224x224"),
        (["--input", "0x3x3"], "--input 3x224x224"),
        (["--set", "width"], "--set width=64"),
        (["--batch", "0"], "not in the range"),
        (["--format", "jsn"], "'json'"),
        (["--dept", "1"], "--depth"),
        (["--max-layers", "5"], "--max-layers"),
    ],
)
def test_a_wrong_option_is_answered_with_a_way_out(option, help):
    wrong = cnncalc("summary", LENET, *option)
    assert wrong.code == (3 if option[0] == "--max-layers" else 2) and wrong.out == ""
    assert help in wrong.err and "Traceback" not in wrong.err


def test_errors_as_json(tmp_path):
    spec = tmp_path / "wrong.yaml"
    spec.write_text("input: [1, 8, 8]\nlayers:\n  - Relux\n  - {type: Conv2d, out_channels: 2, kernel_size: 0}\n")
    wrong = cnncalc("summary", spec, "--json")
    assert wrong.code == 2 and wrong.json["schema_version"] == 1
    assert [error["place"]["line"] for error in wrong.json["errors"]] == [3, 4]
    assert wrong.json["errors"][0]["help"] == "did you mean ReLU?"
    assert "error[" in wrong.err


def test_heads_that_run_stand_in_the_table_and_train_only_ones_below_it():
    shown = cnncalc("summary", SPECS / "examples" / "windows_5x5.yaml").out
    report = cnncalc("summary", SPECS / "examples" / "windows_5x5.yaml", "--json").json
    for head in report["heads"]:
        assert not head["train_only"]
        for layer in head["layers"]:
            assert any(line.split()[1:2] == [layer["name"]] for line in shown.splitlines())
    googlenet = cnncalc("summary", SPECS / "googlenet.yaml").out
    assert "aux1.conv.conv" not in googlenet and "head aux1" in googlenet
