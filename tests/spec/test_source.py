"""Reading a spec's text: limits, and what is refused by name and place before anything else looks at it."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import ends

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.spec.files import MAX_BYTES, read_text
from cnncalc.spec.load import load, loads
from cnncalc.spec.source import Mapping, Scalar, Sequence, parse, plain_value

LENET = (Path(__file__).parents[2] / "specs/lenet.yaml").read_text(encoding="utf-8")


def errors(text: str) -> list[Diagnostic]:
    """The errors of a text, each with a place."""
    with ends(), pytest.raises(CnncalcError) as caught:
        loads(text, source="spec.yaml")
    return caught.value.diagnostics


def first(text: str) -> tuple[str, int, int]:
    found = errors(text)[0]
    assert found.span is not None
    return found.code, found.span.line, found.span.column


def spec(*items: str) -> str:
    return "input: [1, 8, 8]\nlayers:\n" + "".join(f"  - {item}\n" for item in items)


# -- what YAML has and a spec has not


def test_alias_bomb() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefghi", "bcdefghij", strict=True)
    )
    assert first(bomb) == ("E106", 1, 4)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (spec("&a ReLU"), (3, 5), "anchors (&a)"),
        (spec("*a"), (3, 5), "*a as an alias"),
        ("a: &a\n  <<: *a\n", (1, 4), "anchors (&a)"),
        (spec("{<<: {type: ReLU}}"), (3, 6), "merge keys"),
        (spec("!!python/object/apply:os.system [true]"), (3, 5), "python/object/apply:os.system"),
        (spec("!mine ReLU"), (3, 5), "tags (!mine)"),
        ("input: !!int 3\nlayers: []\n", (1, 8), "tags"),
        (spec("ReLU") + "---\na: 1\n", (4, 1), "a second document"),
        (spec("ReLU") + "...\n---\na: 1\n", (5, 1), "a second document"),
    ],
)
def test_refused_by_name_and_place(text: str, place: tuple[int, int], said: str) -> None:
    found = next(error for error in errors(text) if error.code == "E106")
    assert (found.code, found.span and found.span[1:3]) == ("E106", place)
    assert said in found.message
    assert found.help


def test_a_duplicate_key_shows_both_places() -> None:
    (found,) = errors("name: a\ninput: [1, 8, 8]\nname: b\nlayers: [ReLU]\n")
    assert found.code == "E109"
    assert found.span and found.span[1:3] == (3, 1)
    assert [label.span[1:3] for label in found.labels] == [(1, 1)]
    (inner,) = errors(spec("{type: ReLU, inplace: true, inplace: false}"))
    assert inner.span and inner.span[1:3] == (3, 33)
    assert [label.span[1:3] for label in inner.labels] == [(3, 18)]


# -- sizes


def nested(levels: int) -> str:
    return "input: " + "[" * levels + "]" * levels


def test_64_levels_are_read_and_65_are_not() -> None:
    assert isinstance(parse("[" * 64 + "]" * 64, "s").tree, Sequence)
    with pytest.raises(CnncalcError, match="E105"):
        parse("[" * 65 + "]" * 65, "s")


@pytest.mark.parametrize("levels", [65, 25_000, 1_000_000])
@pytest.mark.parametrize("bracket", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused_early(levels: int, bracket: str) -> None:
    text = (bracket * levels)[: MAX_BYTES - 1]
    assert first(text)[0] == "E105"


def test_a_scalar_of_4096_characters_is_read_and_a_longer_one_is_not() -> None:
    assert loads(f"name: {'a' * 4096}\n" + spec("ReLU")).name == "a" * 4096
    assert first(f"name: {'a' * 4097}\n" + spec("ReLU")) == ("E102", 1, 7)


def test_more_than_100_000_parts_are_refused() -> None:
    assert first("input: [" + "1," * 100_001 + "]")[0] == "E102"


def test_a_file_over_a_mebibyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text(spec("ReLU") + "#" * MAX_BYTES)
    with pytest.raises(CnncalcError, match="E102"):
        load(str(path))
    path.write_text(spec("ReLU").ljust(MAX_BYTES, "\n"))
    assert len(load(str(path)).nodes) == 1


# -- files


@pytest.mark.parametrize("kind", ["fifo", "folder", "device", "missing", "zero byte", "nothing"])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = str(tmp_path / "x.yaml")
    if kind == "fifo":
        if not hasattr(os, "mkfifo"):
            pytest.skip("no FIFOs here")
        os.mkfifo(path)
    elif kind == "folder":
        Path(path).mkdir()
    elif kind == "device":
        path = os.devnull
    elif kind == "zero byte":
        path = "a\0b"
    elif kind == "nothing":
        path = ""
    with ends(), pytest.raises(CnncalcError, match="E101"):
        read_text(path)


def test_a_missing_file_names_those_beside_it(tmp_path: Path) -> None:
    (tmp_path / "lenet.yaml").write_text(LENET)
    with pytest.raises(CnncalcError) as caught:
        load(str(tmp_path / "lent.yaml"))
    assert "lenet.yaml" in caught.value.diagnostics[0].help


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("名字: 卷积网络".encode("gbk"), "looks like GBK"),
        (LENET.encode("utf-16"), "looks like UTF-16"),
        (LENET.encode("utf-16-le"), "zero bytes"),
        (b"name: \xff\xff\xff\n", "is not UTF-8: line 1 has the byte 0xff"),
        (b"a: 1\nname: \x80\xff\n", "is not UTF-8: line 2 has the byte 0x80"),
        (b"name: a\0b\n", "zero bytes"),
    ],
)
def test_other_encodings_are_named(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(data)
    with pytest.raises(CnncalcError) as caught:
        load(str(path))
    (found,) = caught.value.diagnostics
    assert found.code == "E103"
    assert said in found.message
    assert "UTF-8" in found.help


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_byte_order_mark_and_crlf_give_the_same_graph_and_places(tmp_path: Path, mark: bytes, newline: bytes) -> None:
    path = tmp_path / "spec.yaml"
    path.write_bytes(mark + LENET.encode().replace(b"\n", newline))
    graph = load(str(path))
    plain = loads(LENET, source=str(path))
    assert [(node.name, node.span) for node in graph.nodes] == [(node.name, node.span) for node in plain.nodes]
    path.write_bytes(mark + b"inptu: [1]" + newline + b"layers: [Foo]" + newline)
    with pytest.raises(CnncalcError) as caught:
        load(str(path))
    assert [found.span and found.span[1:3] for found in caught.value.diagnostics] == [(1, 1), (2, 10)]


# -- characters


@pytest.mark.parametrize(
    ("item", "column", "code_point"),
    [
        ("{type: ReLU, іnplace: true}", 18, "U+0456"),
        ("{type: ReLU, in\u200bplace: true}", 18, "U+200B"),
        ("{tуpe: ReLU}", 5, ""),
        ("{name: сonv, type: ReLU}", 12, "U+0441"),
        ("{name: a\u202eb, type: ReLU}", 12, "U+202E"),
        ("{name: conv１, type: ReLU}", 12, "U+FF11"),
        ("RеLU", 5, "U+0435"),
        ('{type: ReLU, "\\e[31m": 1}', 18, ""),
        ("{type: ReLU, inplace： true}", 18, ""),
    ],
)
def test_look_alikes_are_named(item: str, column: int, code_point: str) -> None:
    (found,) = errors(spec(item))
    assert found.span and found.span[1:3] == (3, column)
    assert code_point in found.message


@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x00", "\ufffe", "\x7f"])
def test_control_characters_are_refused_at_their_place(character: str) -> None:
    found = errors(spec("ReLU") + f"name: a{character}b\n")[0]
    assert found.code in ("E104", "E103")
    assert found.span is None or found.span.line == 4


# -- scalars of YAML 1.2, not 1.1


def value(text: str) -> object:
    tree = parse(f"a: {text}\n", "s").tree
    assert isinstance(tree, Mapping)
    scalar = tree.entries[0].value
    assert isinstance(scalar, Scalar)
    return plain_value(scalar)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1", 1),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e-3", 0.001),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        # text in YAML 1.2, though not in 1.1
        ("on", "on"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("1_000", "1_000"),
        ("0777", "0777"),
        ("2020-01-01", "2020-01-01"),
        ("2020-13-45", "2020-13-45"),
        ("12:30:45", "12:30:45"),
        # text because quoted
        ('"1"', "1"),
        ("'true'", "true"),
        ('""', ""),
    ],
)
def test_plain_scalars(text: str, meaning: object) -> None:
    found = value(text)
    assert found == meaning
    assert type(found) is type(meaning)


@pytest.mark.parametrize(
    "text", ["9" * 4096, "1" + "0" * 18, ".nan", ".NaN", ".inf", "-.inf", "1e400", "1e17", "9" * 70 + ".0"]
)
def test_numbers_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        value(text)


@pytest.mark.parametrize(
    "text", ["9" * 4000, "2020-13-45", "0777", "1_000", ".nan", ".inf", "-.inf", "1e999", "on", "12:30"]
)
def test_odd_numbers_as_sizes_are_one_clear_error(text: str) -> None:
    (found,) = errors(spec(f"{{type: Linear, out_features: {text}}}"))
    assert found.code in ("E204", "E206")
    assert found.message.startswith("out_features: ")
    assert found.span and found.span.line == 3
    assert len(found.message) < 4200


def test_a_truth_value_is_no_number() -> None:
    (found,) = errors(spec("Flatten", "{type: Linear, out_features: true}"))
    assert found.message == "out_features: expected a whole number, got true"


# -- anything at all


@settings(max_examples=150, deadline=30_000)
@given(st.text(max_size=300))
def test_any_text_is_a_graph_or_a_cnncalc_error(text: str) -> None:
    try:
        loads(text)
    except CnncalcError as error:
        assert error.diagnostics


GALLERY = [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parents[2] / "specs").rglob("*.yaml"))]
PIECES = [
    *"[]{}:,-#&*!|>'\"%@`? \n\t：，\u200b\x00\ufeff",
    *("0", "-1", "9" * 30, "true", "null", "{}", "[]", "i", "input", "in_channels", "Add", "Concat"),
    *("from: ", "if: ", "repeat: ", "type: ", "<<: ", "---\n"),
]


@settings(max_examples=300, deadline=30_000)
@given(st.integers(0, 2**32))
def test_a_mutated_spec_is_a_graph_or_a_cnncalc_error(seed: int) -> None:
    draw = random.Random(seed)
    text = draw.choice(GALLERY)
    for _ in range(draw.randint(1, 5)):
        at, end = sorted((draw.randrange(len(text) + 1), draw.randrange(len(text) + 1)))
        end = min(end, at + draw.choice((0, 1, 5, 40)))
        text = text[:at] + draw.choice((draw.choice(PIECES), "", text[at:end] * 2)) + text[end:]
    with ends():
        try:
            loads(text, max_layers=2000)
        except CnncalcError as error:
            assert error.diagnostics
