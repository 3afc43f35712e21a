"""Windows the other way round, against kernels that are slid and laid one position at a time."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnncalc.diagnostics import CnncalcError
from cnncalc.questions.solve.axes import WindowQuestion, solve_window
from cnncalc.questions.solve.proof import prove
from cnncalc.questions.solve.ranges import parse_vary, values_text
from cnncalc.questions.solve.window import Question, Setting, solve_axis

NAMES = ("kernel", "dilation", "stride", "padding", "output_padding", "in")
LEAST = {"padding": 0, "total_padding": 0, "output_padding": 0}


def slid(kind, ceil_mode, n, k, s, d, before, after, extra) -> int:
    """Count the places of a kernel by putting it there; None where PyTorch refuses the arguments."""
    span = d * (k - 1) + 1
    if kind == "pool" and max(before, after) > k // 2:
        return None
    if kind == "transposed":
        if extra >= max(s, d) and extra > 0:
            return None
        reached = max(i * s + t * d for i in range(n) for t in range(k))
        return max(0, reached + 1 - before - after + extra)
    count = start = 0
    while True:
        over = (start - before + span - 1) - (n - 1 + after)
        if over > 0 and not (ceil_mode and over < s and start - before < n):
            return count
        count, start = count + 1, start + s


def brute(question: Question) -> tuple[set, dict]:
    """Return all solutions as sorted (name, value) pairs, and {size that comes out} of all that PyTorch takes."""
    names = list(question.unknown)
    found, outs = set(), set()
    for values in product(*question.unknown.values()):
        put = dict(zip(names, values, strict=True))
        base = question.setting
        padding = put.get("padding")
        total = put.get("total_padding")
        before, after = base.before, base.after
        if padding is not None:
            before = after = padding
        if total is not None:
            before, after = total // 2, total - total // 2
        kernel = put.get("kernel", base.kernel)
        out = slid(
            question.kind,
            question.ceil_mode,
            put.get("in", base.size),
            kernel,
            put.get("stride", base.stride) or kernel,
            put.get("dilation", base.dilation),
            before,
            after,
            put.get("output_padding", base.output_padding),
        )
        if out is None:
            continue
        outs.add(out)
        if out == question.target:
            found.add(tuple(sorted(put.items())))
    return found, outs


def expanded(question: Question, solutions) -> set:
    """Write the solutions of an answer as `brute` does, each input size for itself."""
    sizes = question.unknown.get("in")
    found = set()
    for one in solutions:
        low, high = one.sizes
        inputs = [size for size in sizes if low <= size <= high] if sizes is not None else [None]
        for size in inputs:
            put = dict(one.values) | ({} if size is None else {"in": size})
            found.add(tuple(sorted(put.items())))
    return found


@st.composite
def questions(draw, most_unknown: int = 3) -> Question:
    kind = draw(st.sampled_from(["conv", "pool", "transposed"]))
    small = st.integers(1, 5)
    pads = st.integers(0, 4)
    before = draw(pads)
    setting = Setting(
        size=draw(st.integers(1, 16)),
        kernel=draw(small),
        dilation=draw(st.integers(1, 3)),
        stride=draw(st.integers(0 if kind == "pool" else 1, 4)),
        before=before,
        after=before if kind == "transposed" else draw(pads),
        output_padding=draw(st.integers(0, 2)) if kind == "transposed" else 0,
    )
    names = [*NAMES[:4], "in"] + (["output_padding"] if kind == "transposed" else ["total_padding"])
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=most_unknown, unique=True))
    if {"padding", "total_padding"} <= set(chosen):
        chosen.remove("padding")
    unknown = {}
    for name in chosen:
        first = draw(st.integers(LEAST.get(name, 1), 3))
        step = draw(st.integers(1, 2))
        unknown[name] = range(first, first + draw(st.integers(1, 12 if name == "in" else 5)) * step, step)
    return Question(kind, kind == "pool" and draw(st.booleans()), setting, unknown, draw(st.integers(1, 14)))


@settings(max_examples=300, deadline=None)
@given(questions())
def test_every_solution_is_one_and_none_is_missing(question):
    answer = solve_axis(question)
    wanted, outs = brute(question)
    assert expanded(question, answer.solutions) == wanted
    if not wanted:
        told = [miss.out for miss in answer.misses]
        assert set(told) <= outs
        below = [out for out in outs if out < question.target]
        above = [out for out in outs if out > question.target]
        for nearest, side in ((max(below, default=None), below), (min(above, default=None), above)):
            assert not side or nearest in told


@settings(max_examples=300, deadline=None)
@given(questions(most_unknown=1))
@example(Question("pool", True, Setting(1, 2, 1, 0, 0, 0, 0), {"stride": range(1, 2)}, 2))  # fits from stride 2 on
@example(Question("transposed", False, Setting(1, 1, 1, 2, 1, 1, 1), {"in": range(1, 2)}, 1))  # 1 gives 0, 2 gives 2
def test_a_proof_holds_for_every_value_there_is(question):
    if solve_axis(question).solutions:
        return
    proof = prove(question)
    (name,) = question.unknown
    everywhere = question._replace(unknown={name: range(LEAST.get(name, 1), 60)})
    solutions, outs = brute(everywhere)
    alone = {value: brute(question._replace(unknown={name: [value]}))[1] for value in range(LEAST.get(name, 1), 60)}
    if proof.kind == "outside":
        assert brute(question._replace(unknown={name: [proof.value]}))[0]
        assert proof.value not in question.unknown[name]
        return
    assert not solutions
    if proof.kind == "tried":
        assert not outs
    elif proof.kind == "between":
        assert alone[proof.value] == {proof.out} and alone[proof.value + 1] == {proof.next_out}
        assert min(proof.out, proof.next_out) < question.target < max(proof.out, proof.next_out)
    elif proof.kind == "always":
        assert proof.out in outs and outs <= {0, proof.out}  # 0: the kernel does not fit
    else:
        taken = [value for value, found in alone.items() if found - {0}]  # PyTorch refuses an empty output
        assert proof.value == (min(taken) if proof.kind == "least" else max(taken))
        assert alone[proof.value] == {proof.out}
        assert min(outs - {0}, key=lambda out: abs(out - question.target)) == proof.out
    if proof.pair:
        before, after = proof.pair
        assert after == before + 1
        put = question.setting._replace(before=before, after=after)
        assert brute(question._replace(setting=put, unknown={"in": [put.size]}))[0]


def answer(*vary, **given):
    return solve_window(WindowQuestion(**given), parse_vary(vary))


def test_which_padding_keeps_28():
    found = answer("padding", size=(28,), out=(28,), kernel=(5,), dilation=(2,))
    # the kernel spans 2*(5 - 1) + 1 = 9, so 4 are lost on each side
    assert [one.values for one in found.together] == [{"padding": 4}]
    (rule,) = found.together[0].rules
    assert rule.value == 28 and "2*4" in rule.numbers


def test_an_even_kernel_needs_an_odd_padding():
    found = answer("padding", size=(28,), out=(28,), kernel=(4,))
    assert not found.solved and found.proofs[0].pair == (1, 2)
    total = answer("total_padding", size=(28,), out=(28,), kernel=(4,))
    assert [one.values for one in total.together] == [{"total_padding": 3}]
    assert total.together[0].axes[0].setting[4:6] == (1, 2)


def test_input_sizes_are_an_interval():
    # floor((n + 2 - 3) / 2) + 1 = 7 means 12 <= n - 1 < 14
    found = answer(out=(7,), kernel=(3,), stride=(2,), padding=((1, 1),))
    assert [one.axes[0].sizes for one in found.together] == [(13, 14)]
    (odd,) = answer(out=(14,), kernel=(3,), stride=(2,), kind="transposed").proofs
    assert (odd.kind, odd.value, odd.out, odd.next_out) == ("between", 6, 13, 15)


def test_axes_are_solved_apart_and_together():
    both = answer("stride,padding", size=(28, 32), out=(14, 16), kernel=(3,))
    assert both.together[0].values == {"stride": 2, "padding": 1}
    assert [rule.value for rule in both.together[0].rules] == [14, 16]
    apart = answer("stride", size=(28, 32), out=(14, 8), kernel=(2,))
    assert apart.solved and not apart.together
    assert [one.solutions[0].values for one in apart.axes] == [{"stride": 2}, {"stride": 4}]
    one_only = answer("stride", size=(28, 32), out=(14, 9), kernel=(2,))
    assert not one_only.solved and one_only.proofs[0] is None and one_only.proofs[1].kind == "between"


def test_a_pool_steps_by_its_kernel():
    found = answer(size=(28,), out=(14,), kind="pool")
    assert [one.values for one in found.together] == [{"kernel": 2}]


@pytest.mark.parametrize(
    ("vary", "given"),
    [
        (["speed"], {"size": (28,), "out": (28,)}),
        (["kernel"], {"size": (28,), "out": (28,), "kernel": (3,)}),
        (["padding,total_padding"], {"size": (28,), "out": (28,)}),
        (["output_padding"], {"size": (28,), "out": (28,)}),
        (["total_padding"], {"size": (28,), "out": (28,), "kind": "transposed"}),
        (["stride=0:3"], {"size": (28,), "out": (28,)}),
        ([], {"size": (28, 28), "out": (28, 28, 28)}),
        ([], {"size": (1,) * 4, "out": (1,)}),
        ([], {"size": (28,), "ceil_mode": True}),
        ([], {"size": (28,), "output_padding": (1,)}),
        ([], {"size": (28,), "kind": "transposed", "padding": ((0, 1),)}),
    ],
)
def test_what_makes_no_sense_is_refused(vary, given):
    with pytest.raises(CnncalcError, match="E720"):
        solve_window(WindowQuestion(**given), parse_vary(vary))


def test_the_number_of_combinations_is_bounded():
    question = WindowQuestion(size=(28,), out=(28,))
    with pytest.raises(CnncalcError, match="E472") as caught:
        solve_window(question, parse_vary(["kernel=1:100,stride=1:100"]), max_combinations=9_999)
    assert caught.value.diagnostics[0].is_limit
    assert solve_window(question, parse_vary(["kernel=1:100,stride=1:100"]), max_combinations=10_000).solved


def test_ranges_are_read():
    read = parse_vary(
        ["kernel={5,1,3}, stride=1:8", "growth=12:48:4", "output-padding", "x=0.5", "mode={zeros,reflect}"]
    )
    assert {name: None if values is None else list(values) for name, values in read.items()} == {
        "kernel": [1, 3, 5],
        "stride": [1, 2, 3, 4, 5, 6, 7, 8],
        "growth": [12, 16, 20, 24, 28, 32, 36, 40, 44, 48],
        "output_padding": None,
        "x": [0.5],
        "mode": ["zeros", "reflect"],
    }
    texts = [values_text(values) for values in read.values() if values is not None]
    assert texts == ["{1,3,5}", "1:8", "12:48:4", "0.5", "{zeros,reflect}"]


@pytest.mark.parametrize("text", ["", "=3", "a=", "a=8:1", "a=1:8:0", "a=1:99999999999", "a,a", "a=1;2", "a={1,;}"])
def test_bad_ranges_are_refused(text):
    with pytest.raises(CnncalcError, match="E720"):
        parse_vary([text])
