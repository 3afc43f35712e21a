"""The files of conventions: complete, well formed, and weighed as the tools' own words say."""

from __future__ import annotations

from pathlib import Path

import catalogue
import pytest

import cnncalc
from cnncalc.conventions import TOOLS, count, counts
from cnncalc.conventions.quantities import QUANTITIES, Values
from cnncalc.conventions.read import FOLDER, STATES, convention, parsed
from cnncalc.diagnostics import CnncalcError
from cnncalc.graph import Node
from cnncalc.layers import LAYERS, layer_type
from cnncalc.layers.base import create
from cnncalc.spec.expressions import evaluate
from cnncalc.spec.load import loads

SPECS = Path(__file__).parents[2] / "specs"


def network(*items: str, shape: str = "[4, 6, 6]") -> cnncalc.Graph:
    return loads(f"input: {shape}\nlayers:\n" + "".join(f"  - {item}\n" for item in items))


def items(graph: cnncalc.Graph, tool: str, **options: int) -> list[tuple[str, int]]:
    return [(item.what, item.amount) for item in count(graph, tool, **options).items]


# -- the files


def test_each_tool_has_a_file_and_each_file_a_tool() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(TOOLS)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_file_has_a_row_for_each_layer_type_and_no_other(tool: str) -> None:
    """A type without a row would be counted as unknown: say what the tool does, or that it is not known."""
    assert set(convention(tool).rules) == set(LAYERS)


@pytest.mark.parametrize("tool", TOOLS)
def test_each_amount_is_a_whole_number_for_each_sample(tool: str) -> None:
    checked = 0
    for kind in LAYERS:
        for sample in layer_type(kind).samples():
            layer = create(layer_type(kind), sample.arguments)
            node = Node("x", layer, ("input",) * len(sample.inputs), sample.inputs, layer.output_shape(sample.inputs))
            values = Values(node, 1)
            met = False
            for rule in convention(tool).rules[kind]:
                holds = not rule.when or evaluate(rule.when, values)
                if holds and not met:
                    for counted in (*rule.counts, *(rule.functional.counts if rule.functional else ())):
                        amount = evaluate(counted.amount, values)
                        assert isinstance(amount, int | float) and (amount >= 0 or counted.wrong), (kind, counted)
                        checked += 1
                met = met or bool(holds)
            assert met
            for also in convention(tool).also:
                assert evaluate(also.amount, values) >= 0
    assert checked or {rule.state for found in convention(tool).rules.values() for rule in found} <= {*STATES, ""}


def test_sentences_hold_no_placeholders_and_reach_the_catalogue() -> None:
    sentences = {key[0] for key in catalogue.sentences()}
    for tool in TOOLS:
        found = convention(tool)
        said = [found.title, *found.notes, *filter(None, [found.left_out]), *(also.what for also in found.also)]
        for rules in found.rules.values():
            said += [text for rule in rules for one in rule.counts for text in (one.what, one.wrong) if text]
        assert found.source.startswith("https://") or tool == "exact"
        for text in said:
            assert text in sentences and not set("{}") & set(text)


HEAD = 'title = "x"\nunit = "MACs"\nversion = "1"\nsource = "s"\nbatch = "one"\nfunctions = "seen"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD.replace("MACs", "ops"), "unit is 'ops'"),
        (HEAD + "colour = 1\n", "unknown keys: ['colour']"),
        (HEAD + '[[rules]]\ntypes = ["ReLU"]\n', "says nothing"),
        (HEAD + '[[rules]]\ntypes = ["ReLU"]\nstate = "none"\n', "state 'none'"),
        (HEAD + '[[rules]]\ntypes = ["ReLU"]\nstate = "zero"\nexact = true\n', "stands beside counts"),
        (HEAD + '[[rules]]\ntypes = ["ReLU"]\nstate = "zero"\nwhen = "axes == 2"\n', "has a condition"),
        (HEAD + '[[rules]]\ntypes = ["ReLU", "ReLU"]\nstate = "zero"\n', "after one without a condition"),
        (HEAD + '[[rules]]\ntypes = ["ReLU"]\nexact = true\nfunctional = "no"\n', "functional 'no'"),
        (HEAD + '[[rules]]\ntypes = ["ReLU"]\nexact = true\nstat = "zero"\n', "unknown keys: ['stat']"),
    ],
)
def test_a_malformed_file_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        parsed("x", text)
    assert said in str(caught.value)


def test_three_types_in_one_word() -> None:
    rules = parsed("x", HEAD + '[[rules]]\ntypes = ["Conv[123]d"]\nexact = true\n').rules
    assert list(rules) == ["Conv1d", "Conv2d", "Conv3d"]


# -- counts, by hand


def test_resnet50_as_fvcore_counts_it() -> None:
    """fvcore's own words: BatchNorm 2 an element, of 11,113,984 elements; adaptive pool 1 an element of 2048x7x7."""
    found = count(cnncalc.load(str(SPECS / "resnet50.yaml")), "fvcore")
    assert [item.amount for item in found.items] == [4_089_184_256, 2 * 11_113_984, 2048 * 7 * 7]
    assert (found.total, found.unit) == (4_111_512_576, "MACs")
    left = {(one.state, one.type): one.layers for one in found.not_counted}
    assert left == {
        ("zero", "ReLU"): 49, ("unsupported", "MaxPool2d"): 1, ("unsupported", "Add"): 16, ("zero", "Flatten"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_exact_is_what_summary_says(path: Path) -> None:
    graph = cnncalc.load(str(path))
    macs = cnncalc.analyze(graph).totals.macs
    for found in counts(graph):
        assert found.items[0].amount == macs * {"MACs": 1, "FLOPs": 2}[found.unit]
        assert sum(item.amount for item in found.items) == found.total
        assert sum(layer.amount for layer in found.layers) == found.total
    assert count(graph, "exact").total == count(graph, "torchvision").total == macs


def test_a_transposed_convolution_over_its_output() -> None:
    """4->6, kernel 4, stride 2, padding 1 on 8x8: 8*8*4*6*16 products, which torchinfo takes 16x16 times, not 8x8."""
    graph = network(
        "{type: ConvTranspose2d, out_channels: 6, kernel_size: 4, stride: 2, padding: 1}", shape="[4, 8, 8]"
    )
    exact = 8 * 8 * 4 * 6 * 16
    found = count(graph, "torchinfo")
    assert [item.amount for item in found.items] == [exact, 3 * exact, 6 * 16 * 16]
    assert found.items[1].wrong and not found.items[2].wrong
    assert count(graph, "fvcore").total == exact


def test_modules_and_functions() -> None:
    """144 elements: ptflops counts an nn.ReLU twice and F.relu once; thop sees no functions; fvcore sees both."""
    module, function = network("ReLU"), network("{type: ReLU, functional: true}")
    assert (count(module, "ptflops").total, count(function, "ptflops").total) == (288, 144)
    pools = [network(f"{{type: AvgPool2d, kernel_size: 2, functional: {word}}}") for word in ("false", "true")]
    assert [count(graph, "thop").total for graph in pools] == [36, 0]
    assert count(pools[1], "thop").layers[0].state == "unseen"
    assert [count(graph, "calflops").total for graph in pools] == [144, 144]


def test_products_that_a_tool_does_not_see_are_taken_off_the_exact_count() -> None:
    """Conv2d 4->2 1x1 on 6x6 is 4*2*36 = 288 MACs; as a function torchinfo does not see it."""
    graph = network("{type: Conv2d, out_channels: 2, kernel_size: 1, bias: false, functional: true}")
    found = count(graph, "torchinfo")
    assert [item.amount for item in found.items] == [288, -288] and found.total == 0
    same = network("{type: Conv2d, out_channels: 4, kernel_size: 3, padding: same, bias: false}")
    assert [item.amount for item in count(same, "fvcore").items] == [5184, -5184]


def test_the_batch() -> None:
    graph = network("{type: Conv2d, out_channels: 2, kernel_size: 1, bias: false}", "BatchNorm2d")
    assert [amount for _, amount in items(graph, "torchinfo", batch=5)] == [5 * 288, 5 * 4]
    assert [amount for _, amount in items(graph, "ptflops", batch=5)] == [288, 144]
    assert count(graph, "exact", batch=5).total == 288
    sized = {one.key: one.value for one in count(graph, "torchinfo", batch=5).also}
    assert sized == {"params": 12, "param_bytes": 48, "forward_backward_bytes": 5 * 2 * 4 * 2 * 72}


def test_kerass_numbers() -> None:
    """TensorFlow's registry: a pool is each whole window, a softmax 5 an element, an Add 1 for each further input."""
    graph = network("{type: MaxPool2d, kernel_size: 3, stride: 2, padding: 1}", "Flatten", "{type: Softmax, dim: 1}")
    assert items(graph, "keras")[1:] == [
        ("max pool, 1 an element of each whole window", 9 * 36),
        ("Softmax, 5 an element", 5 * 36),
    ]
    assert count(network("{type: Add, from: [input, input, input]}"), "keras").total == 2 * 144
    assert count(network("Hardswish"), "keras").layers[0].state == "unknown"


# -- what is refused


@pytest.mark.parametrize(
    ("tool", "help"), [("fvcor", "did you mean fvcore?"), ("xyz", f"there are {', '.join(TOOLS)}")]
)
def test_a_tool_there_is_not(tool: str, help: str) -> None:
    with pytest.raises(CnncalcError) as caught:
        count(network("ReLU"), tool)
    assert caught.value.diagnostics[0].code == "E701" and caught.value.diagnostics[0].help == help


def test_what_is_beyond_exact_numbers() -> None:
    with pytest.raises(CnncalcError) as caught:
        count(network("BatchNorm2d", shape="[1000000, 100000, 100000]"), "fvcore")
    assert caught.value.diagnostics[0].code == "E702"
    with pytest.raises(CnncalcError):
        count(network("ReLU"), "fvcore", batch=0)


def test_quantities_are_those_that_the_files_name() -> None:
    """No quantity is kept that no file weighs."""
    text = " ".join(path.read_text() for path in FOLDER.glob("*.toml"))
    assert [name for name in QUANTITIES if name not in text] == []
