"""A sweep against one analysis at a time; its grammar, its front, and the rows that are chosen."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import SPECS

import cnncalc
from cnncalc.diagnostics import CnncalcError
from cnncalc.executors import cluster, processes
from cnncalc.questions.sweep import job_for, plan_of, sweep
from cnncalc.questions.sweep.chosen import conditions_of, read_comparison, read_objectives, read_sort, selected
from cnncalc.questions.sweep.evaluate import Evaluator, Job, Row, evaluate_chunk
from cnncalc.questions.sweep.pareto import front
from cnncalc.questions.sweep.plan import make_plan
from cnncalc.questions.sweep.quantities import Column, read_column, read_columns
from cnncalc.questions.sweep.run import run
from cnncalc.questions.sweep.values import TooMany, read_values
from cnncalc.spec.load import draft
from cnncalc.text import use_language

SPEC = """
cnncalc: 1
input: [1, 20, 20]
vars: {width: 8, kernel: 3, depth: 1, pad: valid, wide: 2 * width}
blocks:
  Stage:
    params: {out: required}
    layers:
      - {name: conv, type: Conv2d, out_channels: out, kernel_size: kernel, padding: pad}
      - BatchNorm2d
      - ReLU
layers:
  - {name: stem, type: Conv2d, out_channels: width, kernel_size: kernel}
  - {name: stages, type: Stage, repeat: depth, out: wide + i}
  - {name: pool, type: MaxPool2d, kernel_size: 2}
  - Flatten
  - {name: fc, type: Linear, out_features: 10}
"""


def spec(tmp_path, text: str = SPEC) -> str:
    path = tmp_path / "net.yaml"
    path.write_text(text)
    return str(path)


def job(text: str, sets: Sequence[str], names: Sequence[str], limit: int = 10_000) -> Job:
    drafted = draft(text, source="net.yaml")
    return job_for(drafted, plan_of(drafted, sets, (), limit), names, (), 2, "float16", 20_000)


# The rows are those of single analyses.


def test_each_row_is_the_analysis_of_its_combination_alone(tmp_path):
    path = spec(tmp_path)
    columns = ["params", "buffers", "macs", "real_macs", "flops", "rf", "peak", "memory", "param_bytes", "output"]
    columns += ["layers", "stages.macs", "stages.1.output", "stem.params", "fc.rf", "stages.memory"]
    sets = ["width=4:8:2", "depth=1,2,3", "kernel={3,7}", "pad=same,valid", "input=1x{12,20}"]
    rows = list(sweep(path, sets, columns=columns, batch=3, dtype="int4"))
    assert len(rows) == 3 * 3 * 2 * 2 * 2
    failed = 0
    for row in rows:
        settings = {name: row[name] for name in ("width", "depth", "kernel", "pad")}
        try:
            graph = cnncalc.load(path, settings=settings, input_shape=row["input"])
        except CnncalcError as error:
            failed += 1
            first = error.diagnostics[0]
            assert first.span and row["error"] == f"{first.code}: {first.message} (line {first.span.line})"
            assert all(row[name] is None for name in columns)
            continue
        report = cnncalc.analyze(graph, batch=3, dtype="int4")
        totals = report.totals
        stages = [facts for facts in report.layers if facts.node.name.startswith("stages.")]
        second = [facts for facts in stages if facts.node.name.startswith("stages.1.")]
        expected = {
            "params": totals.parameters,
            "buffers": totals.buffers,
            "macs": totals.macs,
            "real_macs": totals.macs_without_padding,
            "flops": totals.flops,
            "rf": tuple(field.size for field in report.layers[-1].receptive.fields),
            "peak": totals.peak_bytes,
            "memory": totals.activation_bytes,
            "param_bytes": totals.parameter_bytes,
            "output": report.layers[-1].node.output_shape,
            "layers": len(report.layers),
            "stages.macs": sum(facts.cost.macs for facts in stages),
            "stages.1.output": second[-1].node.output_shape if second else None,
            "stem.params": report.layer("stem").held.parameter_count,
            "fc.rf": tuple(field.size for field in report.layer("fc").receptive.fields),
            "stages.memory": sum(facts.activation_bytes for facts in stages),
        }
        assert {name: row[name] for name in columns} == expected
        assert row["error"] is None
    assert 0 < failed < len(rows)


@pytest.mark.parametrize(
    ("name", "sets"),
    [
        ("densenet121", ["growth=12,32", "input=3x{64,97}"]),
        ("resnet18", ["input={1,3}x{64,100}x{64,80}"]),
        ("googlenet", ["input=3x{224,231}"]),
    ],
)
def test_networks_of_the_gallery(name, sets):
    path = str(SPECS / f"{name}.yaml")
    for row in sweep(path, sets):
        settings = {"growth": row["growth"]} if "growth" in row else {}
        report = cnncalc.analyze(cnncalc.load(path, settings=settings, input_shape=row["input"]))
        fields = tuple(field.size for field in report.layers[-1].receptive.fields)
        assert (row["params"], row["macs"], row["peak"], row["rf"]) == (
            report.totals.parameters,
            report.totals.macs,
            report.totals.peak_bytes,
            fields,
        )


def test_an_expression_is_worked_out_in_each_combination(tmp_path):
    rows = list(sweep(spec(tmp_path), {"width": "4,8", "wide": "width * 3, 2"}, columns=["stages.0.conv.output"]))
    assert [(row["width"], row["wide"]) for row in rows] == [(4, 12), (4, 2), (8, 24), (8, 2)]
    assert [row["stages.0.conv.output"][0] for row in rows] == [12, 2, 24, 2]


def test_an_error_names_the_line_of_the_spec(tmp_path):
    text = "input: [1, 8, 8]\nvars: {n: 1, m: 1}\nlayers:\n  - Flatten\n  - {type: Linear, out_features: n + m}\n"
    rows = list(sweep(spec(tmp_path, text), ["n=1,0.5", "m=1,o"], columns="params"))
    assert [row["error"] and row["error"].endswith("(line 5)") for row in rows] == [None, False, True, False]
    assert "o is not a name" in str(rows[1]["error"])


def test_what_is_true_of_the_first_network_does_not_stick_to_the_next(tmp_path):
    text = "input: [1, 8, 8]\nvars: {a: 1}\nlayers:\n  - {type: Conv2d, out_channels: a, kernel_size: 3}\n"
    path = spec(tmp_path, text)
    rows = list(sweep(path, ["a=1,1.0,true,2"], columns=["params"]))
    assert [row["params"] for row in rows] == [10, None, None, 20]


def test_a_spec_that_is_wrong_is_refused_before_the_first_row(tmp_path):
    with pytest.raises(CnncalcError, match=r"E203"):
        sweep(spec(tmp_path, "input: [1, 8, 8]\nvars: {a: 1}\n"), ["a=1,2"])


# Wherever the work is done, the rows are the same.


def test_processes_and_a_cluster_give_the_same_rows(tmp_path):
    work = job(SPEC, ["width=2:9", "depth=1:4", "kernel=3,9"], ["params", "rf", "stages.macs"])
    here = [row for rows in run(work, None, 1) for row in rows]
    assert any(row.error for row in here) and not all(row.error for row in here)
    with processes(2) as executor:
        assert [row for rows in run(work, executor, 2) for row in rows] == here
        assert [row for rows in run(work, executor, 2, 50) for row in rows] == here[50:]
    distributed = pytest.importorskip("distributed")
    local = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with local, cluster(local.scheduler_address) as (executor, parallel):
        assert parallel == 2
        assert [row for rows in run(work, executor, parallel) for row in rows] == here


def test_a_worker_of_another_version_is_refused():
    work = job(SPEC, ["width=2:9"], ["params"])
    other = work._replace(version="0.0.1")
    assert isinstance(evaluate_chunk(pickle.dumps(other), 0, 1), str)
    with processes(1) as executor, pytest.raises(CnncalcError, match="E734"):
        list(run(other, executor, 1))


def test_workers_speak_the_language_of_the_job(chinese):
    work = job(SPEC, ["width=2:9", "kernel=3,99"], ["params"])
    alone = Evaluator(work).row(15)
    use_language("en")
    assert Evaluator(work).row(15).error != alone.error
    use_language("zh")
    with processes(1) as executor:
        assert [row for rows in run(work, executor, 1) for row in rows][15] == alone


# The grammar.


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=12:48:12", "12 24 36 48"),
        ("a=12:47:12", "12 24 36"),
        ("a=1:4", "1 2 3 4"),
        ("a=4:1:-1", "4 3 2 1"),
        ("a=0.1:0.5:0.1", "0.1 0.2 0.3 0.4 0.5"),
        ("a=-1:1:0.5", "-1 -0.5 0 0.5 1"),
        ("a=16,24, 32", "16 24 32"),
        ("a={16,24,32}", "16 24 32"),
        ("a={8:16:4,64},128", "8 12 16 64 128"),
        ("a=same,valid", "same valid"),
        ("a=2*b,max(3, b)", "2*b max(3, b)"),
        ("a=3x{160,192}", "3x160 3x192"),
        ("a={1,3}x{8:16:8}x9", "1x8x9 1x16x9 3x8x9 3x16x9"),
        ("a=7:7", "7"),
    ],
)
def test_values(text, values):
    found = read_values(text, 100)
    assert found.name == "a"
    assert found.texts == tuple(values.replace("3, b", "3,~b").split(" ")) or "~" in values.replace("3, b", "3,~b")
    if "max" in text:
        assert found.texts == ("2*b", "max(3, b)")


@given(first=st.integers(-200, 200), count=st.integers(1, 40), step=st.integers(-9, 9).filter(bool))
def test_a_range_is_what_counting_gives(first, count, step):
    last = first + step * (count - 1)
    texts = read_values(f"a={first}:{last}:{step}", 100).texts
    assert [int(text) for text in texts] == list(range(first, last + (1 if step > 0 else -1), step))


@pytest.mark.parametrize(
    ("text", "column", "width"),
    [
        ("a=1,,2", 5, 1),
        ("a=1,2,", 6, 1),
        ("a={1,2", 3, 1),
        ("a=1,2}", 6, 1),
        ("a={1,{2}}", 6, 1),
        ("a=12:4x", 3, 5),
        ("a=1,5:1", 5, 3),
        ("a=1:5:0", 3, 5),
        ("a=1:2:3:4", 3, 7),
        ("a=3x{1,b:2}", 8, 3),
        ("a", 1, 1),
        ("=1", 1, 2),
        ("a= ", 1, 3),
    ],
)
def test_what_cannot_be_read_is_shown_at_its_place(text, column, width):
    with pytest.raises(CnncalcError, match="E730") as caught:
        read_values(text, 100)
    found = caught.value.diagnostics[0]
    assert found.span is not None
    assert (found.span.column, found.span.end_column - found.span.column) == (column, width)
    assert found.help
    assert caught.value.sources == {"--set": text}


@given(st.text(alphabet="a=0123456789.,:{}x()*- ", max_size=24))
def test_any_text_is_read_or_refused(text):
    try:
        assert len(read_values(f"a={text}", 1000).texts) <= 1000
    except CnncalcError as error:
        assert error.diagnostics[0].code in ("E730", "E406")


@pytest.mark.parametrize(
    "sets",
    [
        ["a=1:1000000000000"],
        ["a=1:100", "b=1:100"],
        ["a={1:40}x{1:40}"],
        ["a=0:1:0.000000000001"],
    ],
)
def test_too_many_combinations_are_a_limit_at_once(sets):
    with pytest.raises(TooMany) as caught:
        make_plan(sets, [], ["a", "b"], 3, 1000)
    assert caught.value.diagnostics[0].is_limit


def test_the_last_name_changes_fastest_and_names_can_change_together():
    plan = make_plan(["a=1,2", "b=x,y", "c=7:9"], ["a,b"], ["a", "b", "c"], 3, 100)
    found = [plan.combination(at) for at in range(plan.size)]
    assert [tuple(one.values()) for one in found] == [(a, b, c) for a, b in ((1, "x"), (2, "y")) for c in (7, 8, 9)]


@pytest.mark.parametrize(
    ("sets", "together", "code"),
    [
        ([], [], "E732"),
        (["a=1", "a=2"], [], "E731"),
        (["width=1"], [], "E731"),
        (["a=1,2", "b=1,2,3"], ["a,b"], "E732"),
        (["a=1,2"], ["a,b"], "E732"),
        (["a=1,2", "b=1,2"], ["a,b", "b"], "E732"),
        (["input=3x"], [], "E731"),
        (["input=0x8"], [], "E731"),
        (["input=[3,8,8]"], [], "E731"),
    ],
)
def test_wrong_plans_are_refused_with_a_way_out(sets, together, code):
    with pytest.raises(CnncalcError, match=code) as caught:
        make_plan(sets, together, ["a", "b"], 3, 100)
    assert caught.value.diagnostics[0].help


def test_one_size_stands_for_all_axes_of_the_spec():
    def shapes(text: str, axes: int) -> list[object]:
        plan = make_plan([text], [], [], axes, 100)
        return [plan.combination(at)["input"] for at in range(plan.size)]

    assert shapes("input=3x{160,192}", 3) == [(3, 160, 160), (3, 192, 192)]
    assert shapes("input=3x160", 4) == [(3, 160, 160, 160)]
    assert shapes("input=3x160", 2) == [(3, 160)]
    assert shapes("input=3x160x200", 3) == [(3, 160, 200)]


# Columns.


@pytest.mark.parametrize(
    ("name", "key"),
    [("params", "params"), ("total.macs", "macs"), (" Parameters", "params"), ("a.b.receptive_field", "a.b.rf")],
)
def test_a_quantity_goes_by_several_names(name, key):
    assert read_column(name).key == key


@pytest.mark.parametrize("name", ["", "speed", "conv1.peak", "conv1.", "conv1"])
def test_what_is_no_quantity_is_refused(name):
    with pytest.raises(CnncalcError, match="E733"):
        read_column(name)


def test_a_place_that_no_network_has_is_refused_before_the_work():
    with pytest.raises(CnncalcError, match="E733") as caught:
        job(SPEC, ["depth=1,2"], ["stage.output"])
    assert "stages" in caught.value.diagnostics[0].help
    job(SPEC, ["depth=1,2"], ["stages.1.output"])


def test_values_from_python_are_those_of_the_command_line(tmp_path):
    path = spec(tmp_path, CLASHES)
    given = {"rf": [1, 3], "input": [(1, 8, 8), (1, 9, 8)], "error": 2}
    rows = list(sweep(path, given, columns="params,macs"))
    assert rows == list(sweep(path, ["rf=1,3", "input=1x{8,9}x8", "error=2"], columns=["params", "macs"]))
    # 2 filters of rf * rf weights, each at every place where the kernel fits.
    assert [row["macs"] for row in rows] == [2 * 64, 2 * 72, 2 * 9 * 36, 2 * 9 * 42]


def test_vars_are_columns_anyway_and_share_no_name_with_a_quantity(tmp_path):
    named = sweep(spec(tmp_path, CLASHES), ["rf=1,3", "error=1,2"], columns=["rf", "error", "params"])
    # Each filter has rf * rf weights and a bias; the field of one layer is its kernel.
    assert list(named) == [
        {"rf": k, "vars.error": filters, "total.rf": (k, k), "params": filters * (k * k + 1), "error": None}
        for k in (1, 3)
        for filters in (1, 2)
    ]
    with pytest.raises(CnncalcError, match="E733") as caught:
        sweep(spec(tmp_path, CLASHES), ["rf=1,3"], columns=["xyz"])
    assert "rf, params" in caught.value.diagnostics[0].help


CLASHES = """
input: [1, 8, 8]
vars: {rf: 3, error: 1}
layers: [{name: conv, type: Conv2d, out_channels: error, kernel_size: rf}]
"""


# Which rows are chosen.

COLUMNS = (Column("a"), *read_columns(["params", "rf", "peak", "output"]))
ROWS = [
    Row((1, 500, (7, 9), 2048, (1, 2, 2))),
    Row((2, 400, (5, 9), 1024, (1, 2, 2))),
    Row((3, None, None, None, None), "E310: no"),
    Row((4, 600, (7, 7), 4096, (1, 2, 2))),
]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("params<=500", [0, 1]),
        ("params <= .5k", [0, 1]),
        ("params<0.0005M", [1]),
        ("peak>=2KiB", [0, 3]),
        ("rf>5", [0, 3]),
        ("rf = 5", [1]),
        ("a!=4", [0, 1, 2]),
        ("parameters==600", [3]),
        ("params>1,000", []),
    ],
)
def test_conditions(text, kept):
    assert selected(ROWS, conditions_of([read_comparison(text)], COLUMNS), None, None) == kept


@pytest.mark.parametrize("text", ["params", "params<", "<5", "params<5X", "params~5", "params<five"])
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(CnncalcError, match="E736"):
        read_comparison(text)


@pytest.mark.parametrize("text", ["speed<5", "output<5"])
def test_a_condition_needs_a_column_of_numbers(text):
    with pytest.raises(CnncalcError, match="E736"):
        conditions_of([read_comparison(text)], COLUMNS)


def test_sorting_puts_rows_without_a_number_last():
    assert selected(ROWS, [], read_sort("params", COLUMNS), None) == [1, 0, 3, 2]
    assert selected(ROWS, [], read_sort("max:params", COLUMNS), 2) == [3, 0]


@pytest.mark.parametrize("text", ["output", "a", "most:rf", "speed", "params,,rf"])
def test_what_is_no_objective_is_refused(text):
    with pytest.raises(CnncalcError, match="E736"):
        read_objectives(text, COLUMNS)


# The front, by its definition.


def on_the_front(points: Sequence[tuple[float, ...]]) -> set[int]:
    def dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
        return all(x <= y for x, y in zip(a, b, strict=True)) and any(x < y for x, y in zip(a, b, strict=True))

    return {at for at, point in enumerate(points) if not any(dominates(other, point) for other in points)}


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.tuples(*[st.integers(-3, 3)] * n), max_size=25)))
def test_the_front_is_the_definition(points):
    assert front(points) == on_the_front(points)
