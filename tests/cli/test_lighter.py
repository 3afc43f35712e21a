"""`--prune` and `--quantize`, as users give them to `summary` and `run`."""

from __future__ import annotations

import pytest
from shell import LENET, SPECS, cnncalc, in_terminal, unstyled


def test_the_summary_of_a_lighter_network():
    shown = cnncalc("summary", LENET, "--prune", "channels=0.5")
    assert (shown.code, shown.err) == (0, "")
    assert "conv2     Conv2d     8x10x10" in shown.out
    assert "lighter than the original\nparams 61,706 -> 15,738 (x0.26)   MACs 416,520 -> 133,740 (x0.32)" in shown.out
    assert "fc3: all channels stay, since they are what the network gives" in shown.out


def test_weights_that_are_zero_leave_the_macs():
    shown = cnncalc("summary", LENET, "--prune", "weights=0.9")
    assert "of them not zero 6,383   MACs 416,520 -> 416,520 (x1.00)" in shown.out
    assert "MACs stay at 416,520" in shown.out
    assert "stored 241.0 KiB -> 37.9 KiB (x0.16)   of that indices 12.9 KiB" in shown.out


def test_fewer_bits():
    shown = cnncalc("summary", LENET, "--quantize", "int8", "--scales", "per-tensor")
    assert shown.out.startswith("LeNet-5   input 1x32x32   batch 1   int8\n")
    assert "of that scales 85 B   peak 36.8 KiB -> 9.2 KiB (x0.25)" in shown.out


def test_the_json_says_what_is_saved():
    found = cnncalc(
        "summary", LENET, "--prune", "channels=0.5", "--prune", "fc1.weights=0.5", "--quantize", "int4", "--json"
    )
    lighter = found.json["lighter"]
    assert found.json["totals"]["parameters"] == 15_738
    assert lighter["prune"] == ["channels=0.5", "fc1.weights=0.5"]
    assert (lighter["quantize"], lighter["scales"]) == ("int4", "per-channel")
    assert lighter["macs"] == {"before": 416_520, "after": 133_740}
    assert lighter["nonzero_parameters"] == 15_738 - 6_000
    assert lighter["zeroed"] == {"fc1.weight": 6_000}
    assert lighter["channels"][0] == {"layers": ["conv1"], "channels": 6, "removed": 3}
    assert sum(lighter["stored"].values()) == lighter["stored_bytes"]["after"]
    assert "lighter" not in cnncalc("summary", LENET, "--json").json


def test_the_pruned_network_is_saved_as_a_spec(tmp_path):
    place = tmp_path / "pruned.yaml"
    saved = cnncalc("summary", SPECS / "googlenet.yaml", "--prune", "channels=0.5", "--save-spec", place, "--json")
    again = cnncalc("summary", place, "--json")
    assert (saved.code, again.code, again.err) == (0, 0, "")
    assert again.json["totals"] == saved.json["totals"]
    assert [one["output_shape"] for one in again.json["layers"]] == [
        one["output_shape"] for one in saved.json["layers"]
    ]
    assert cnncalc("run", place, "--input", "3x64x64").code == 0


def test_a_spec_is_not_saved_over_a_folder_or_into_none(tmp_path):
    for place, code in ((tmp_path, "E122"), (tmp_path / "no" / "such.yaml", "E124")):
        found = cnncalc("summary", LENET, "--save-spec", place)
        assert (found.code, found.out) == (2, "")
        assert code in found.err


def test_run_compares_both_networks():
    found = cnncalc("run", LENET, "--prune", "channels=0.5", "--quantize", "int8", "--batch", 4, "--json")
    effect = found.json["lighter"]["effect"]
    assert (found.code, found.json["agrees"]) == (0, True)
    assert found.json["output"]["shape"] == [4, 10]
    assert 0 < effect["mean_error"] < effect["largest_error"]
    assert -1 <= effect["cosine"] <= 1
    assert effect["tops"] == 4 and 0 <= effect["agreeing"] <= 4
    assert effect["weights"] == 61_470 - 15_000 - 30_855 and effect["zeros"] < effect["weights"]


def test_what_is_nearly_all_is_not_called_all():
    shown = cnncalc("summary", LENET, "--prune", "fc3.channels=0.5").out
    # fc3 loses 5 of its 10 rows of 84: 420 of 416,520 MACs.
    assert "MACs 416,520 -> 416,100 (x0.999)" in shown
    assert "peak 36.8 KiB -> 36.8 KiB (x1.00)" in shown


def test_where_no_channels_can_go_the_share_is_not_blamed(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text("input: [3, 4, 4]\nlayers: [{name: only, type: Conv2d, out_channels: 8, kernel_size: 1}]\n")
    notes = cnncalc("summary", path, "--prune", "channels=0.5", "--json").json["lighter"]["notes"]
    assert len(notes) == 1 and "only: all channels stay" in notes[0]
    assert "the share" in cnncalc("summary", LENET, "--prune", "channels=0.001").out


def test_run_says_the_effect_in_words():
    shown = cnncalc("run", LENET, "--quantize", "int8", "--batch", 3)
    assert shown.code == 0
    for part in ("proven: ", "its output beside the original's", "cosine 1.0000", "same top class for 3 of 3", "dB"):
        assert part in shown.out
    assert "most changed: " in shown.out


def test_a_layer_that_cannot_be_cut_alone_is_refused_with_a_way_out():
    found = cnncalc("summary", SPECS / "resnet18.yaml", "--prune", "layer1.0.conv2.channels=0.5")
    assert (found.code, found.out) == (2, "")
    assert "error[E742]: layer1.0.conv2 cannot lose channels alone" in found.err
    together = cnncalc("summary", SPECS / "resnet18.yaml", "--prune", "layer1.0.conv2.channels=0.5", "--prune-together")
    assert together.code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--prune", "half"], "--prune channels=0.5"),
        (["--prune", "channels=1"], "something must stay"),
        (["--prune", "conv9.channels=0.5"], "did you mean conv2?"),
        (["--prune-together"], "--prune-together is for --prune"),
        (["--scales", "per-tensor"], "add --quantize int8"),
        (["--quantize", "int8", "--dtype", "int8"], "E745"),
        (["--quantize", "int2"], "int4"),
    ],
)
def test_what_makes_no_sense_is_refused(options, said):
    found = cnncalc("summary", LENET, *options)
    assert (found.code, found.out) == (2, "")
    assert said in found.err


def test_a_narrow_terminal_folds_between_phrases():
    shown = in_terminal("summary", LENET, "--prune", "channels=0.5", columns=60)
    assert shown.code == 0
    assert all(len(line) <= 60 for line in unstyled(shown.out).splitlines())
    assert "MACs 416,520 -> 133,740 (x0.32)" in shown.out


def test_labels_are_those_of_the_classes_that_stay(tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(f"class {at}" for at in range(10)), encoding="utf-8")
    wanted = ("--prune", "fc3.channels=0.5", "--top", 10, "--labels", labels, "--json")
    few = cnncalc("run", LENET, *wanted)
    all_ = cnncalc("run", LENET, "--top", 10, "--labels", labels, "--json")
    values = {one["label"]: one["value"] for one in all_.json["output"]["top"][0]}
    kept = few.json["output"]["top"][0]
    assert few.err == "" and len(kept) == 5
    assert all(values[one["label"]] == pytest.approx(one["value"], rel=1e-5) for one in kept)
