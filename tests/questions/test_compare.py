"""Networks side by side, against each of them analysed by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncalc import analyze, load, loads
from cnncalc.diagnostics import CnncalcError
from cnncalc.lighter import lighten, read_wishes
from cnncalc.questions.amounts import parse_bytes, parse_count
from cnncalc.questions.candidates import Variant, candidates
from cnncalc.questions.compare import Candidate, compare, parts, receptive_field
from cnncalc.questions.findings import Broken, Budgets, Differs, broken_budgets, differences, parse_equal

SPECS = Path(__file__).parents[2] / "specs"


def path(name: str) -> str:
    return str(SPECS / f"{name}.yaml")


def network(*layers: str, input: str = "[3, 16, 16]"):
    return loads("name: n\ninput: {}\nlayers:\n{}\n".format(input, "\n".join(f"  - {layer}" for layer in layers)))


CONV = "{name: conv, type: Conv2d, out_channels: 4, kernel_size: 3}"


def test_totals_are_each_networks_own():
    graphs = [load(path(name)) for name in ("resnet18", "resnet50", "lenet")]
    reports = [analyze(graph, batch=2, dtype="float16") for graph in graphs]
    found = compare(*reports).totals
    assert found["parameters"].amounts == (11_689_512, 25_557_032, 61_706)  # torchvision, and LeNet by hand
    assert found["macs"].amounts == tuple(report.totals.macs for report in reports)
    assert found["peak_bytes"].amounts == tuple(report.totals.peak_bytes for report in reports)
    assert found["training_bytes_adam"].amounts == tuple(one.totals.training.total["adam"] for one in reports)
    assert found["layers"].amounts == (69, 175, 12)
    assert found["input"].amounts == ((3, 224, 224), (3, 224, 224), (1, 32, 32))
    assert found["input"].ratios == (None, None, None)
    assert found["parameters"].ratios == (1, 25_557_032 / 11_689_512, 61_706 / 11_689_512)
    assert found["parameters"].differs and not compare(reports[0], reports[0]).totals["parameters"].differs
    assert found["buffers"].ratios[2] == 0 and "stored_bytes" not in found


def test_the_receptive_field_is_of_the_last_map_before_all_see_the_same():
    # published for ResNet-18: 435; ResNet-50: 483 with the stride in the 1x1, 427 with it in the 3x3
    assert receptive_field(analyze(load(path("resnet18")))) == (435, 435)
    assert receptive_field(analyze(load(path("resnet50")))) == (427, 427)
    assert receptive_field(analyze(load(path("resnet50_stride_in_1x1")))) == (483, 483)
    # squeeze and excitation sees everything, and is not what is meant: the map before the last pool is
    small = analyze(load(path("mobilenet_v3_small")))
    last = next(
        facts
        for facts in reversed(small.layers)
        if len(facts.node.output_shape) == 3 and facts.node.output_shape[1] > 1
    )
    assert receptive_field(small) == tuple(field.size for field in last.receptive.without_gate) > (100, 100)
    assert receptive_field(analyze(network("{type: Linear, out_features: 3}", input="[8]"))) is None


def test_layers_are_compared_in_their_rows():
    found = compare(load(path("resnet50")), load(path("resnet50_stride_in_1x1")))
    changed = [row for row in found.rows if row.differs]
    # the first convolution of three blocks, with the normalisation and the activation after it
    assert [row.parts[0].name for row in changed] == [
        f"layer{block}.0.{name}" for block in (2, 3, 4) for name in ("conv1", "bn1", "relu1")
    ]
    assert all(row.differences[0] == () for row in found.rows)
    assert changed[0].differences[1] == ("shape", "macs") and changed[1].differences[1] == ("shape",)


def test_a_missing_layer_and_another_type_are_differences():
    one = network(CONV, "ReLU", "{name: last, type: ReLU}")
    other = network(CONV, "BatchNorm2d", "{name: last, type: Sigmoid}")
    rows = {tuple(part and part.name for part in row.parts): row.differences for row in compare(one, other).rows}
    assert rows[("conv", "conv")] == ((), ())
    assert rows[("last", "last")] == ((), ("type",))
    assert rows[("relu1", None)] == ((), ("missing",))
    assert rows[(None, "bn1")] == (("missing",), ())


def test_a_depth_sums_what_is_below():
    report = analyze(load(path("resnet18")))
    whole, summed = parts(report), parts(report, 1)
    assert sum(part.parameters for part in summed) == sum(part.parameters for part in whole) == 11_689_512
    assert sum(part.macs for part in summed) == report.totals.macs
    assert [part.layers for part in summed if part.name == "layer1"] == [14]
    assert sum(part.layers for part in summed) == len(whole)
    assert all(not row.differs for row in compare(report, report, depth=1).rows)


def test_up_to_26_networks():
    graph = network(CONV)
    assert len(compare(*[graph] * 26).candidates) == 26
    with pytest.raises(CnncalcError, match="E710"):
        compare(*[graph] * 27)


def test_one_network_alone_has_nothing_that_differs():
    alone = compare(load(path("resnet18")))
    assert alone.totals["parameters"].amounts == (11_689_512,) and not any(row.differs for row in alone.rows)


# -- candidates


def test_each_file_stands_as_it_is_and_with_each_variant():
    variants = [Variant("growth=16", {"growth": "16"}), Variant("input=3x64x64", {}, (3, 64, 64))]
    found = candidates([path("densenet121")], variants)
    assert [one.label for one in found] == ["DenseNet-121", "DenseNet-121 growth=16", "DenseNet-121 input=3x64x64"]
    fresh = [
        load(path("densenet121")),
        load(path("densenet121"), settings={"growth": 16}),
        load(path("densenet121"), input_shape=(3, 64, 64)),
    ]
    assert [one.report.totals for one in found] == [analyze(graph).totals for graph in fresh]


def test_networks_of_one_name_are_told_apart(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(f"name: same\ninput: [3, 8, 8]\nlayers:\n  - {CONV}\n")
    found = candidates([str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")])
    assert [one.label for one in found] == ["same (a.yaml)", "same (b.yaml)"]


def test_a_lighter_network_stands_beside_itself():
    wishes = read_wishes(["channels=0.5", "weights=0.9"], "int8")
    found = candidates([path("resnet18")], wishes=wishes, batch=2)
    made = lighten(load(path("resnet18")), wishes, batch=2)
    assert [one.report for one in found] == [made.original, made.report]
    totals = compare(*found).totals
    assert totals["nonzero_parameters"].amounts == (11_689_512, made.nonzero_parameters)
    assert totals["stored_bytes"].amounts == (made.original_stored.total, made.stored_bytes)
    assert found[1].notes == made.notes and found[1].label == "ResNet-18, channels=0.5 weights=0.9 int8"


# -- findings


def test_a_broken_budget_says_by_how_much():
    found = compare(load(path("resnet18")), load(path("lenet")))
    peak = analyze(load(path("resnet18"))).totals.peak_bytes
    assert broken_budgets(found, Budgets(11_689_511, 10**12, peak - 5, 436)) == [
        Broken("ResNet-18", "params", 11_689_512, 11_689_511, 1),
        Broken("ResNet-18", "memory", peak, peak - 5, 5),
        Broken("ResNet-18", "rf", 435, 436, 1),
        Broken("LeNet-5", "rf", 16, 436, 420),
    ]
    assert broken_budgets(found, Budgets(11_689_512, 2 * 10**9, peak, 16)) == []
    assert broken_budgets(found, Budgets()) == []


def test_a_network_of_vectors_sees_no_pixels():
    vector = network("{type: Linear, out_features: 3}", input="[8]")
    assert broken_budgets(compare(vector, vector), Budgets(rf=1))[0][1:] == ("rf", 0, 1, 1)


def test_only_what_was_expected_to_be_equal_counts():
    one, other = network(CONV, "ReLU"), network(CONV, "{name: relu1, type: Sigmoid}")
    found = compare(one, other)
    assert differences(found) == []
    assert differences(found, ("types",)) == [Differs("n", "relu1", "types", "ReLU", "Sigmoid")]
    wider = compare(one, network(CONV.replace("4", "5"), "ReLU"))
    assert differences(wider, ("params", "shapes")) == [
        Differs("n", "conv", "params", 4 * 28, 5 * 28),
        Differs("n", "conv", "shapes", (4, 14, 14), (5, 14, 14)),
        Differs("n", "relu1", "shapes", (4, 14, 14), (5, 14, 14)),
    ]
    longer = compare(one, network(CONV, "ReLU", "{name: more, type: ReLU}"))
    assert differences(longer) == [Differs("n", "more", "layers", None, "more")]
    larger = compare(one, network(CONV, "ReLU", input="[3, 17, 16]"))
    assert differences(larger, ("rf",)) == []
    assert differences(larger)[0] == Differs("n", "", "shapes", (3, 16, 16), (3, 17, 16))
    assert [one.what for one in differences(larger, ("memory",))] == ["memory"]


def test_what_can_be_equal_is_named():
    assert parse_equal("params, macs,params") == ("params", "macs")
    for text in ("", "parms", "params,"):
        with pytest.raises(CnncalcError, match="E712"):
            parse_equal(text)


def test_amounts_are_read_strictly():
    assert [parse_count(text) for text in ("5M", "1.5k", "61706", "0.6G", "2 T")] == [
        5_000_000,
        1_500,
        61_706,
        600_000_000,
        2 * 10**12,
    ]
    assert [parse_bytes(text) for text in ("512B", "20MiB", "1.5GB", "0.5KiB", "1kB")] == [
        512,
        20 * 1024 * 1024,
        1_500_000_000,
        512,
        1000,
    ]
    # 6.1 * 2^20 = 6396313.6
    assert parse_bytes("6.1MiB") == 6_396_314
    for read, text in [(parse_count, one) for one in ("", "5X", "5MB", "-3", "1e6", "0.5", "5,000", "m")] + [
        (parse_bytes, one) for one in ("", "20", "20M", "20mb", "20MIB", "0.3B", "1_000B")
    ]:
        with pytest.raises(CnncalcError, match="E711"):
            read(text)


def test_candidates_may_be_given_as_they_are():
    graph = network(CONV)
    label = compare(Candidate("mine", analyze(graph)), graph).candidates[0].label
    assert label == "mine"
