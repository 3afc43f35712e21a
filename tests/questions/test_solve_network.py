"""Networks the other way round, against each candidate written as a spec of its own and analysed afresh."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from cnncalc import analyze, load, loads
from cnncalc.diagnostics import CnncalcError
from cnncalc.questions.solve.built import Network
from cnncalc.questions.solve.network import solve_network
from cnncalc.questions.solve.ranges import parse_vary
from cnncalc.questions.solve.targets import distance, parse_target
from cnncalc.spec.load import draft

SPECS = Path(__file__).parents[2] / "specs"

SPEC = """
cnncalc: 1
name: tried
input: [3, {height}, {width}]
vars: {{growth: {growth}, depth: {depth}}}
layers:
  - {{name: conv1, type: Conv2d, out_channels: growth, kernel_size: {kernel}, stride: {stride}, padding: {padding}}}
  - {{name: body, type: Conv2d, repeat: depth, out_channels: 2 * growth, kernel_size: 3}}
  - {{name: pool, type: MaxPool2d, kernel_size: 2}}
  - {{name: last, type: Conv2d, out_channels: 4, kernel_size: 2}}
  - Flatten
  - {{type: Linear, out_features: 10}}
"""
USUAL = {"height": 20, "width": 20, "growth": 4, "depth": 2, "kernel": 3, "stride": 1, "padding": 1}


def spec(**changed) -> str:
    return SPEC.format(**{**USUAL, **changed})


def ask(text: str, targets: str, *vary: str, **options):
    network = Network(draft(text, source="spec.yaml"))
    return solve_network(network, [parse_target(one) for one in targets.split()], parse_vary(vary), **options)


def read_anew(text: str, read) -> object:
    """Return what a spec gives, None where it is no network."""
    try:
        return read(analyze(loads(text)))
    except CnncalcError:
        return None


def shape_at(name: str):
    return lambda report: report.layer(name).node.output_shape[1:]


def params(report) -> int:
    return report.totals.parameters


CASES = [
    # vary, what each name is in the spec's text, options, target, how it is read, what holds
    ("padding", ["padding"], {"layer": "conv1"}, "22x22", shape_at("conv1"), lambda got: got == (22, 22)),
    (
        "kernel_size,stride",
        ["kernel", "stride"],
        {"layer": "conv1"},
        "10x10",
        shape_at("conv1"),
        lambda g: g == (10, 10),
    ),
    ("conv1.stride,growth=2:6", ["stride", "growth"], {"at": "pool"}, ">=4", shape_at("pool"), None),
    ("growth=1:12", ["growth"], {}, "params<=10k", params, lambda got: got <= 10_000),
    ("depth=1:12", ["depth"], {"at": "body"}, "8", shape_at("body.{depth}"), lambda got: got == (8, 8)),
    ("height=1:30,width={10,20}", ["height", "width"], {"at": "last"}, "3x7", shape_at("last"), lambda g: g == (3, 7)),
    ("growth=1:9,depth=1:4", ["growth", "depth"], {}, "macs<300k", lambda r: r.totals.macs, lambda got: got < 300_000),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_it_is_what_each_candidate_read_anew_gives(case):
    vary, names, options, target, read, holds = case
    if target == ">=4":
        target, holds = "shape>=4", lambda got: min(got) >= 4
    found = ask(spec(), target, vary, **options)
    wanted, tried = [], 0
    for values in product(*(one.values for one in found.unknowns)):
        tried += 1
        put = dict(zip(names, values, strict=True))
        reader = shape_at(f"body.{put['depth'] - 1}") if "depth" in put and options.get("at") == "body" else read
        got = read_anew(spec(**put), reader)
        if got is not None and holds(got):
            wanted.append(values)
    assert [tuple(one.values.values()) for one in found.solutions] == wanted
    assert found.tried == tried
    assert wanted, "a case without a solution shows little"
    covered = [
        (*tuple(one.first.values.values())[:-1], value)
        for one in found.stretches
        for value in found.unknowns[-1].values
        if tuple(one.first.values.values())[-1] <= value <= tuple(one.last.values.values())[-1]
    ]
    assert covered == wanted


def test_which_inputs_give_7x7_at_layer4():
    found = ask((SPECS / "resnet50.yaml").read_text(), "7x7", "input=150:260", at="layer4")
    # five halvings, each rounding up: 32 * 6 < n <= 32 * 7
    assert [one.values["input"] for one in found.solutions] == list(range(193, 225))
    assert [(one.first.values, one.last.values) for one in found.stretches] == [({"input": 193}, {"input": 224})]
    assert found.at == "layer4.2.relu3"
    assert [path[0] for path in found.paths] == [("input", (193, 193)), ("input", (224, 224))]
    assert all(path[-1] == ("layer4.0.conv2", (7, 7)) for path in found.paths)
    for size, sides in ((192, (6, 6)), (193, (7, 7)), (224, (7, 7)), (225, (8, 8))):
        graph = load(str(SPECS / "resnet50.yaml"), input_shape=(3, size, size))
        assert shape_at("layer4.2.relu3")(analyze(graph)) == sides


def test_which_padding_of_lenet():
    found = ask((SPECS / "lenet.yaml").read_text(), "14x14", "padding", layer="conv2")
    assert [one.values for one in found.solutions] == [{"padding": 2}]
    (rule,) = found.rules["conv2"]
    assert rule.value == 14 and "2*2" in rule.numbers


def test_what_breaks_the_network_later_is_no_solution():
    found = ask((SPECS / "resnet18.yaml").read_text(), "58x58", "padding", layer="layer1.0.conv1")
    assert not found.solved and found.broken == 11
    nearest = found.misses[0]
    assert nearest.readings == ((58, 58),) and nearest.values == {"padding": 2}
    assert "layer1.0.add1" in nearest.problem


def test_the_nearest_are_the_nearest():
    found = ask(spec(), "params=10000", "growth=1:30")
    counts = {growth: read_anew(spec(growth=growth), params) for growth in range(1, 31)}
    nearest = sorted(counts, key=lambda growth: abs(counts[growth] - 10_000))
    assert not found.solved
    assert [one.values["growth"] for one in found.misses] == nearest[:4]
    assert [one.readings for one in found.misses] == [(counts[growth],) for growth in nearest[:4]]


def test_several_targets_hold_together():
    found = ask(spec(), "rf>=20 params<=5k", "depth=1:12,growth=1:5")
    assert found.solved
    for values in product(range(1, 13), range(1, 6)):
        report = read_anew(spec(depth=values[0], growth=values[1]), lambda report: report)
        good = report is not None and report.totals.parameters <= 5000
        sees = good and report.layers[-1].receptive.fields[0].size >= 20
        assert (values in [tuple(one.values.values()) for one in found.solutions]) == bool(sees)


def test_memory_is_in_bytes_of_the_batch():
    text = spec()
    peak = analyze(loads(text), batch=3, dtype="float16").totals.peak_bytes
    network = Network(draft(text), batch=3, dtype="float16")
    found = solve_network(network, [parse_target(f"memory<={peak}B")], parse_vary(["growth=1:8"]))
    assert [one.values["growth"] for one in found.solutions] == [1, 2, 3, 4]


def test_words_and_flags_can_be_varied():
    text = spec()
    bare = text.replace("kernel_size: 2}\n  - Flatten", "kernel_size: 2, bias: false}\n  - Flatten")
    with_bias, without = analyze(loads(text)), analyze(loads(bare))
    found = ask(text, f"params={without.totals.parameters}", "last.bias")
    assert [one.values for one in found.solutions] == [{"last.bias": False}]
    assert with_bias.totals.parameters == without.totals.parameters + 4
    assert ask(text, "20x20", "padding_mode", layer="conv1").tried == 4


def test_a_watcher_is_told_of_each_combination():
    from contextlib import contextmanager

    seen = []

    @contextmanager
    def watching(total):
        seen.append(total)
        yield seen.append

    ask(spec(), "params<=1M", "growth=1:7", watching=watching)
    assert seen == [7, *[1] * 7]


@pytest.mark.parametrize(
    ("targets", "vary", "options"),
    [
        ("14x14", ["speed"], {}),
        ("14x14", ["padding"], {}),
        ("14x14", ["conv1.speed"], {}),
        ("14x14", ["input,height"], {}),
        ("14x14", ["input=0:3"], {}),
        ("14x14", [], {}),
        ("", ["growth"], {}),
        ("wonder>=3", ["growth"], {}),
        ("rf>=14x14", ["growth"], {}),
        ("shape=abc", ["growth"], {}),
    ],
)
def test_what_makes_no_sense_is_refused(targets, vary, options):
    with pytest.raises(CnncalcError, match=r"E720|E711"):
        ask(spec(), targets, *vary, **options)


def test_a_layer_there_is_not_is_named():
    with pytest.raises(CnncalcError, match="E223"):
        ask(spec(), "14x14", "growth", at="nowhere")


def test_the_number_of_networks_is_bounded():
    with pytest.raises(CnncalcError, match="E472"):
        ask(spec(), "14x14", "growth=1:100", max_combinations=99)


def test_targets_are_read():
    assert parse_target("14x14") == ("shape", "=", (14, 14))
    assert parse_target("params <= 1.5M") == ("params", "<=", 1_500_000)
    assert parse_target("receptive_field>100") == ("rf", ">", 100)
    assert parse_target("memory<20MiB") == ("memory", "<", 20 * 2**20)
    assert [distance(parse_target("params<10"), got) for got in (8, 9, 10, 12)] == [0, 0, 1, 3]
    assert [distance(parse_target("7"), got) for got in ((7, 7), (7, 8), (5, 9))] == [0, 1, 4]
    assert distance(parse_target("7x7"), (7,)) is None


def test_python_asks_the_same():
    import cnncalc

    found = cnncalc.solve(str(SPECS / "lenet.yaml"), vary="padding", target="14x14", layer="conv2")
    assert [one.values for one in found.solutions] == [{"padding": 2}]
    kernel = cnncalc.solve_kernel(size=(28, 32), out=(28, 32), kernel=4, vary=["total_padding"])
    assert [one.values for one in kernel.together] == [{"total_padding": 3}]
    assert cnncalc.solve_kernel(size=28, kernel=4, padding=(1, 2)).together[0].axes[0].out == 28
    networks = [cnncalc.load(str(SPECS / f"{name}.yaml")) for name in ("resnet18", "resnet34")]
    assert cnncalc.compare(*networks).totals["parameters"].amounts == (11_689_512, 21_797_672)
