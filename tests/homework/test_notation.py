"""How students write values: each form with the value a teacher reads in it, and what is refused with a way out."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnncalc.homework.notation import Unread, Written, read_value

KINDS = ("number", "shape", "size")


def number(text: str, kind: str = "number") -> Fraction:
    written = read_value(text, kind)
    assert not written.is_shape and len(written.numbers) == 1
    return written.numbers[0]


def shape(text: str) -> tuple:
    written = read_value(text, "shape")
    assert written.is_shape
    return written.numbers


def refused(text: str, kind: str) -> str:
    with pytest.raises(Unread) as caught:
        read_value(text, kind)
    assert str(caught.value)
    return f"{caught.value} | {caught.value.help}"


# -- numbers


@pytest.mark.parametrize(
    "text",
    ["61706", "61,706", "61 706", "61'706", "61’706", "61_706", "61\u202f706", "61\u00a0706", "61\u2009706",
     "６１７０６", "６１，７０６", " 61,706 ", "+61706", "61706.", "61,706。", "=61706", "= 61,706", "61706.0",
     "61,706 (with biases)",
     "61,706 (= 61,470 + 236)", "61,706（含偏置）", "$61{,}706$", "061706"],
)  # fmt: skip
def test_one_number_in_many_spellings(text: str) -> None:
    assert number(text) == 61706
    assert read_value(text, "number").slack == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(5*5*1+1)*6", 156), ("5x5x1x6+6", 156), ("5×5×1×6＋6", 156), ("（５＊５＊１＋１）＊６", 156),
        ("6(25+1)", 156),
        ("(25+1)6", 156), ("(25+1)(2+4)", 156), ("5·5", 25), ("5 ⋅ 5", 25), ("156/2", 78), ("156÷2", 78), ("3^2", 9),
        ("3**2", 9), ("3²", 9), ("2¹⁰", 1024), ("2^3^2", 512), ("-3^2", -9), ("10^-2", Fraction(1, 100)),
        ("1/3", Fraction(1, 3)),
        ("[ (32+2*2-5)/1 ] + 1", 32), ("⌊(224-11)/4⌋+1", 54), ("⌈213/4⌉", 54), ("floor(213/4)+1", 54),
        ("ceil(213/4)", 54),
        ("213//4", 53), ("2,400 + 16", 2416), ("4704 (6x28x28)", 4704), ("$6 \\times 28 \\times 28$", 4704),
        ("−4", -4), ("–4", -4),
        ("- 4", -4), ("+3", 3), (".5", Fraction(1, 2)), ("54.25", Fraction(217, 4)), ("1.234", Fraction(1234, 1000)),
        ("1,234", 1234),
        ("1 234.5", Fraction(12345, 10)), ("1,234.5", Fraction(12345, 10)), ("0 (none)", 0), ("2--3", 5),
        ("10/4*2", 5), ("7-2-1", 4),
        ("9223372036854775808", 2**63), ("2*-3", -6),
    ],
)  # fmt: skip
def test_exact_values(text: str, value: int | Fraction) -> None:
    assert number(text) == value
    assert read_value(text, "number").slack == 0


@pytest.mark.parametrize(
    ("text", "value", "slack", "digits", "prefix", "unit"),
    [
        ("61.7k", 61700, 50, 3, "k", ""), ("61.7 K", 61700, 50, 3, "k", ""), ("~61.7k", 61700, 50, 3, "k", ""),
        ("6.17e4", 61700, 50, 3, "", ""), ("6.170E4", 61700, 5, 4, "", ""), ("6.17×10^4", 61700, 50, 3, "", ""),
        ("6.17 x 10⁴", 61700, 50, 3, "", ""), ("6.17*10**4", 61700, 50, 3, "", ""), ("1.5e3", 1500, 50, 2, "", ""),
        ("2.5 × 10^-3", Fraction(25, 10000), Fraction(5, 100000), 2, "", ""),
        ("0.42 MFLOPs", 420_000, 5000, 2, "M", "FLOP"), ("0.42 mflops", 420_000, 5000, 2, "M", "FLOP"),
        ("2.4 million", 2_400_000, 50_000, 2, "M", ""),
        ("25.6 million parameters", 25_600_000, 50_000, 3, "M", "parameter"),
        ("4.09 GMACs", 4_090_000_000, 5_000_000, 3, "G", "MAC"),
        ("1.2 billion", 1_200_000_000, 50_000_000, 2, "G", ""),
        ("6.17万", 61700, 50, 3, "万", ""), ("6.17万个参数", 61700, 50, 3, "万", "parameter"),
        ("约 6.17 万", 61700, 50, 3, "万", ""),
        ("1.38亿", 138_000_000, 500_000, 3, "亿", ""), ("61.7千", 61700, 50, 3, "k", ""),
        ("0.42百万次乘加", 420_000, 5000, 2, "M", "MAC"),
        ("18.4 KiB", Fraction(184, 10) * 1024, Fraction(5, 100) * 1024, 3, "Ki", "B"),
        ("18.4KB", 18400, 50, 3, "k", "B"),
        ("241 KiB", 241 * 1024, 512, 3, "Ki", "B"),
        ("97.5 MiB", Fraction(975, 10) * 2**20, Fraction(2**20, 20), 3, "Mi", "B"),
        ("150.5 kbit", 150_500, 50, 4, "k", "bit"), ("18.4 kilobytes", 18400, 50, 3, "k", "B"),
        ("≈ 61,706", 61706, Fraction(1, 2), 5, "", ""), ("about 61,700", 61700, 50, 3, "", ""),
        ("约6200", 6200, 50, 2, "", ""),
        ("≈ 54.0", 54, Fraction(1, 20), 3, "", ""), ("~0", 0, Fraction(1, 2), 1, "", ""),
        ("-1.5k", -1500, 50, 2, "k", ""),
    ],
)  # fmt: skip
def test_rounded_values_say_how_far(text, value, slack, digits, prefix, unit) -> None:
    read = read_value(text, "number")
    assert read == Written(text, (Fraction(value),), False, Fraction(slack), prefix, unit, digits=digits)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("6272 elements", 6272, "element"), ("480 B", 480, "B"), ("480 bytes", 480, "B"), ("480字节", 480, "B"),
        ("480 个字节", 480, "B"),
        ("12 位", 12, "bit"), ("416,520 MACs", 416520, "MAC"), ("416,520 mult-adds", 416520, "MAC"),
        ("416520次乘加", 416520, "MAC"),
        ("833,040 FLOPS", 833040, "FLOP"), ("156个参数", 156, "parameter"), ("150 weights", 150, "parameter"),
        ("14 px", 14, "px"), ("156 floats", 156, "element"),
        ("14像素", 14, "px"), ("6 channels", 6, ""), ("25个", 25, ""), ("(5*5*1+1)*6 parameters", 156, "parameter"),
        ("6*28*28*4 B", 18816, "B"),
    ],
)  # fmt: skip
def test_units(text: str, value: int, unit: str) -> None:
    read = read_value(text, "number")
    assert (read.numbers, read.unit, read.slack) == ((Fraction(value),), unit, 0)


@pytest.mark.parametrize(
    ("text", "unit"),
    [("none", ""), ("无", ""), ("没有", ""), ("没有参数", "parameter"), ("zero", ""), ("零", ""),
     ("no parameters", "parameter"), ("no", ""), ("无参数", "parameter"), ("= none", "")],
)  # fmt: skip
def test_nothing_is_zero(text: str, unit: str) -> None:
    read = read_value(text, "number")
    assert (read.numbers, read.unit, read.slack) == ((0,), unit, 0)


def test_arithmetic_with_a_multiplier_is_exact() -> None:
    read = read_value("6*28*28*4/1024 KiB", "number")
    assert (read.numbers[0], read.slack, read.prefix, read.unit) == (18816, 0, "Ki", "B")


@pytest.mark.parametrize(
    ("text", "value", "working"),
    [
        ("(28-4)/1+1 = 25", 25, ""),
        ("(28-4)/1+1 = 24", 24, "(28-4)/1+1"),
        ("params = 5*5*6 + 6 = 156", 156, ""),
        ("params = 5*5*6 + 6 = 150", 150, "5*5*6 + 6"),
        ("5*5*6 = 150 + 6 = 156", 156, "5*5*6"),
        ("C_out (k k + 1) = 156", 156, ""),
        ("416,520 ≈ 0.42M", 420_000, ""),
        ("416,520 = 0.43M", 430_000, "416,520"),
        ("(28-4)/1+1 → 25", 25, ""),
    ],
)
def test_the_last_side_counts_and_working_that_differs_is_kept(text: str, value: int, working: str) -> None:
    read = read_value(text, "number")
    assert (read.numbers[0], read.working) == (value, working)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12,34", "write 12.34 for a decimal, 1234 for a whole number"), ("0,5", "write 0.5"),
        ("1.234,5", "thousands or decimals"),
        ("1.234.567", "1,234,567 or 1234567"), ("6,1706", "61706"), ("1,23,456", "123456"),
        ("28 28", "more than one number"),
        ("1,234 567", "not grouped"), ("6, 28", ", does not fit"), ("(6, 28, 28)", ", does not fit"),
        ("6:28", ": does not fit"),
        ("-", "write 0"), ("n/a", "write 0"), ("six", "no number is written"), ("nonsense", "no number is written"),
        ("no idea", "idea is not a unit"), ("16张*10", "张 is no part of arithmetic"), ("6х28", "U+0445"),
        ("16卷积核*10", "卷积核 is no part of arithmetic"),
        ("12abc", "abc is not a unit"), ("50%", "% does not fit"), ("61.7k*4", "k is no part of arithmetic"),
        ("18.4 kb", "bits or for bytes"),
        ("480 b", "bits or for bytes"), ("2.4B", "2.4 is not a whole number of bytes"), ("2.4千万", "千万"),
        ("0x10", "hexadecimal"),
        ("6 (25+1)", "write * where you multiply"), ("1/2(3)", "write * where you multiply"),
        ("[(224-11)/4]+1", "floor(...) or (...)"),
        ("1/0", "divides by zero"), ("0^-1", "divides by zero"), ("2^", "ends too early"), ("(2", "ends too early"),
        ("2)", ") does not fit"),
        ("2**65", "at most 64"), ("2^0.5", "whole number"), ("2^64", "at most 2^63"),
        ("9223372036854775809", "at most 2^63"),
        ("1e9999", "too large"), ("9^9^9", "at most 64"), ("99^60", "too large"), ("1e-300", "too large"),
        ("½", "U+00BD"), ("3½", "U+00BD"),
        ("①", "U+2460"), ("٣", "U+0663 (arabic-indic digit three)"), ("", "nothing is written"),
        ("=", "nothing is written"),
        ("2+x", "x is not a unit"), ("__import__('os')", "no number is written"),
        ("1if 1else 2", "is no part of arithmetic"),
        ("f(3)", "f is no part"), ("nan", "no number"), ("1e5e5", "e is no part"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_with_a_way_out(text: str, said: str) -> None:
    assert said in refused(text, "number")


# -- shapes


@pytest.mark.parametrize(
    "text",
    ["6x28x28", "6×28×28", "6X28X28", "6 x 28 x 28", "6 X 28 X 28", "6*28*28", "6·28·28", "(6, 28, 28)", "(6,28,28)",
    "[6,28,28]",
     "[6, 28, 28]", "6,28,28", "6, 28, 28", "6; 28; 28", "6 28 28", "６×２８×２８", "（6，28，28）", "6、28、28",
     "torch.Size([6, 28, 28])",
     "(N, 6, 28, 28)", "[None, 6, 28, 28]", "-1x6x28x28", "(?, 6, 28, 28)", "Bx6x28x28", "(6x28x28)",
     "$6\\times28\\times28$",
     "6 by 28 by 28", "6x28x28 (no padding)", "6x28x28 px", "6x(32-5+1)x(32-5+1)", "(6, 32-5+1, (32-5)/1+1)",
     "6x(32-5+1)x(32-5+1) = 6x28x28",
     "1x32x32 → 6x28x28", "shape=(6, 28, 28)", "6x28x28.", "【6，28，28】"],
)  # fmt: skip
def test_one_shape_in_many_spellings(text: str) -> None:
    read = read_value(text, "shape")
    assert (read.numbers, read.is_shape, read.layout) == ((6, 28, 28), True, "")


@pytest.mark.parametrize(
    ("text", "sizes", "layout"),
    [
        ("6@28x28", (6, 28, 28), "CHW"), ("6@(28x28)", (6, 28, 28), "CHW"), ("28x28@6", (28, 28, 6), "HWC"),
        ("16@10×10", (16, 10, 10), "CHW"),
        ("28*28*6 (HWC)", (28, 28, 6), "HWC"), ("HWC 28x28x6", (28, 28, 6), "HWC"),
        ("HWC: 28x28x6", (28, 28, 6), "HWC"),
        ("(6,28,28) CHW", (6, 28, 28), "CHW"), ("28x28x6 (H, W, C)", (28, 28, 6), "HWC"),
        ("(H, W, C) = (28, 28, 6)", (28, 28, 6), "HWC"),
        ("HxWxC = 28x28x6", (28, 28, 6), "HWC"), ("NCHW 1x6x28x28", (1, 6, 28, 28), "NCHW"),
        ("6x28x28 NCHW", (6, 28, 28), "CHW"),
        ("(N, 28, 28, 6) NHWC", (28, 28, 6), "HWC"), ("28x28x6 channels-last", (28, 28, 6), "HWC"),
        ("6x28x28 (channels first)", (6, 28, 28), "CHW"), ("C=6, H=28, W=28", (6, 28, 28), "CHW"),
        ("H=28, W=28, C=6", (28, 28, 6), "HWC"),
        ("height=28, width=28, channels=6", (28, 28, 6), "HWC"), ("高=28，宽=28，通道=6", (28, 28, 6), "HWC"),
        ("6 channels of 28x28", (6, 28, 28), "CHW"), ("6 feature maps of size 28x28", (6, 28, 28), "CHW"),
        ("6个28x28", (6, 28, 28), "CHW"),
        ("6个28×28的特征图", (6, 28, 28), "CHW"), ("28x28, 6 channels", (28, 28, 6), "HWC"),
        ("28x28 with 6 channels", (28, 28, 6), "HWC"),
        ("28x28x6 channels", (28, 28, 6), "HWC"), ("通道16，高10，宽10", (16, 10, 10), "CHW"),
        ("通道数为16，高度是10，宽度是10", (16, 10, 10), "CHW"), ("16通道，10x10", (16, 10, 10), "CHW"),
        ("10x10，16通道", (10, 10, 16), "HWC"),
    ],
)  # fmt: skip
def test_named_orders_of_axes(text: str, sizes: tuple, layout: str) -> None:
    read = read_value(text, "shape")
    assert (read.numbers, read.layout) == (sizes, layout)


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("400", (400,)), ("(400,)", (400,)), ("[400]", (400,)), ("400 units", (400,)),
        ("[1, 6, 28, 28]", (1, 6, 28, 28)),
        ("16x((14-5)/1+1)x10", (16, 10, 10)), ("96x54.25x54.25", (96, Fraction(217, 4), Fraction(217, 4))),
        ("14-5+1", (10,)),
        ("3,224,224", (3, 224, 224)), ("[16,384]", (16, 384)), ("(16, 384)", (16, 384)), ("6x-4x-4", (6, -4, -4)),
        ("floor(3.5)x28", (3, 28)),
        ("28x28", (28, 28)), ("6272 elements", (6272,)),
    ],
)  # fmt: skip
def test_other_shapes(text: str, sizes: tuple) -> None:
    assert shape(text) == sizes


def test_the_product_behind_a_shape_is_kept_apart() -> None:
    read = read_value("28x28x6 = 4704", "shape")
    assert (read.numbers, read.total) == ((28, 28, 6), 4704)
    assert read_value("16*5*5=400", "shape").total == 400
    assert "does not make 4705" in refused("28x28x6=4705", "shape")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,234", "write 1234 or 1x234"), ("16 384", "write 16384 or 16x384"), ("6, 28x28", "use one of them"),
        ("1,000x28", "use one of them"),
        ("6x28-4x28", "put parentheses round"), ("6@28", "6@28x28"), ("6:28:28", "6x28x28"), ("abc", "6x28x28"),
        ("6x", "6x28x28"),
        ("x6", "6x28x28"), ("6xx28", "6x28x28"), ("((6,28),28)", "6x28x28"), ("6x28x28 KiB", "no unit KiB"),
        ("6x28 HWC", "HWC does not fit"),
        ("1x1x1x1x1x1x1x1x1", "9 sizes"), ("C=6, C=7, H=1", "named twice"), ("", "nothing"),
        ("18446744073709551616x2", "too large"),
    ],
)  # fmt: skip
def test_what_is_no_shape_is_refused_with_a_way_out(text: str, said: str) -> None:
    assert said in refused(text, "shape")


# -- sizes


@pytest.mark.parametrize(
    ("text", "sizes", "unit"),
    [
        ("14x14", (14, 14), ""), ("5x7", (5, 7), ""), ("5 × 7", (5, 7), ""), ("5 by 7", (5, 7), ""),
        ("(2, 1)", (2, 1), ""),
        ("[2,1]", (2, 1), ""), ("2, 1", (2, 1), ""),
        ("14x14 px", (14, 14), "px"), ("14px x 14px", (14, 14), "px"), ("H=5, W=7", (5, 7), ""),
        ("14x14 = 196", (14, 14), ""),
    ],
)  # fmt: skip
def test_sides(text: str, sizes: tuple, unit: str) -> None:
    read = read_value(text, "size")
    assert (read.numbers, read.is_shape, read.unit) == (sizes, True, unit)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [("14", 14, ""), ("14 px", 14, "px"), ("14 pixels", 14, "px"), ("14 像素", 14, "px"), ("2*1+1", 3, ""),
    ("3²", 9, ""),
     ("(7-1)/2", 3, ""), ("6 + (5 - 1)*2 = 14", 14, ""), ("1,234", 1234, ""), ("[1]", 1, ""),
     ("0.5", Fraction(1, 2), "")],
)  # fmt: skip
def test_one_size(text: str, value: int, unit: str) -> None:
    assert number(text, "size") == value
    assert read_value(text, "size").unit == unit


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[0,1],[1,0]]", "a list in a list"),
        ("2,1", "2.1 for a decimal"),
        ("5x5+1", "parentheses"),
        ("same", "no number"),
    ],
)
def test_what_is_no_size_is_refused(text: str, said: str) -> None:
    assert said in refused(text, "size")


# -- hostile text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("text", "code"),
    [("1\u200b5", "U+200B (zero width space)"), ("\u202e51", "U+202E (right-to-left override)"),
    ("1\u20665", "U+2066"), ("15\x1b[31m", "U+001B"),
     ("1\x005", "U+0000"), ("\ufeff15", "U+FEFF"), ("1\u00ad5", "U+00AD (soft hyphen)"), ("1\u2060x5", "U+2060"),
     ("15\ud800", "U+D800")],
)  # fmt: skip
def test_invisible_characters_are_named(text: str, code: str, kind: str) -> None:
    said = refused(text, kind)
    assert "invisible" in said and code in said


@pytest.mark.parametrize("kind", KINDS)
def test_limits(kind: str) -> None:
    assert "at most 200" in refused("1" * 5000, kind)
    assert "at most 200" in refused("1+" * 150 + "1", kind)
    assert refused("-" * 199 + "1", kind)
    assert "more than 64 parts" in refused("(1+" * 49 + "1" + ")" * 49, kind)
    assert refused("(" * 200, kind)
    assert refused("\ufdfa" * 300, kind)  # NFKC makes 18 characters of each


PIECES = st.sampled_from(
    ["0", "1", "6", "28", "x", "×", "X", "*", "·", "@", "(", ")", "[", "]", "⌊", "⌋", ",", "，", "、", ".", "。", "=",
    "≈", "~", "^", "**", "²", "/", "//", "-", "+", "e", "E4", "e999", "_", "'", "HWC", "NCHW", "C=", "H=", "N",
    "None", "px", "KiB", "k", "M", "万", "亿", "个", "channels", "of", "maps", "floor(", "(note)", "参数",
    "mult-adds", "1,234", "1.5", "0x", "$", "\\times", "torch.Size(", "\n", "\t", "\u200b", "\xa0", ";", ":", "%",
    "#", "last", "channels"]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=300), st.lists(PIECES, max_size=90).map("".join), st.lists(PIECES, max_size=40).map(" ".join)
)


@given(TEXTS, st.sampled_from(KINDS))
@settings(max_examples=1500, deadline=30_000)
@example("1=" * 100, "size")
@example("[" * 200, "shape")
@example("(a" * 100, "number")
@example("2^2^2^2^2^2^2", "number")
def test_no_text_does_anything_but_be_read_or_refused(text: str, kind: str) -> None:
    try:
        read = read_value(text, kind)
    except Unread as error:
        assert str(error)
    else:
        assert read.numbers and all(abs(size) <= 2**63 for size in read.numbers)
        assert read.is_shape or len(read.numbers) == 1
        assert read.slack >= 0 and (read.digits > 0) == (read.slack > 0)
        assert not read.layout or len(read.layout) == len(read.numbers)


# -- every value in every notation reads back

GROUPINGS = [",", "", " ", "_", "'", "\u00a0", "\u202f"]
FULL_WIDTH = str.maketrans("0123456789,", "０１２３４５６７８９，")


@given(st.integers(0, 2**62), st.sampled_from(GROUPINGS), st.booleans(), st.booleans())
def test_any_integer_reads_back(value: int, mark: str, negative: bool, wide: bool) -> None:
    written = f"{value:,}".replace(",", mark)
    written = ("-" if negative else "") + (written.translate(FULL_WIDTH) if wide else written)
    assert number(written) == (-value if negative else value)


@given(st.integers(1, 999_999), st.sampled_from(["k", " M", "G", "万", " 亿", " million", "e3", "×10^6"]))
def test_a_rounded_number_holds_the_true_one(value: int, multiplier: str) -> None:
    size = {"k": 3, "M": 6, "G": 9, "万": 4, "亿": 8, "million": 6, "e3": 3, "×10^6": 6}[multiplier.strip()]
    for decimals in (0, 1, 2, 3):
        read = read_value(f"{value / 10**size:.{decimals}f}{multiplier}", "number")
        assert abs(read.numbers[0] - value) <= read.slack == Fraction(10**size, 2 * 10**decimals)


SIZES = st.lists(st.integers(1, 10**6), min_size=2, max_size=5)
SHAPE_FORMS = ["x", "×", " x ", "*", "X", " × ", "(, )", "[,]", "[, ]", "(, N)", "torch.Size([, ])"]


@given(SIZES, st.sampled_from(SHAPE_FORMS), st.booleans())
def test_any_shape_reads_back(sizes: list[int], form: str, wide: bool) -> None:
    texts = [str(size) for size in sizes]
    if "," in form:
        opening, closing = form.split(",")
        batch = "N, " if "N" in closing else ""
        written = opening + batch + (", " if " " in closing else ",").join(texts) + closing.strip(" N")
        written += ")" if opening == "(" and not written.endswith(")") else ""
    else:
        written = form.join(texts)
    assert shape(written.translate(FULL_WIDTH) if wide else written) == tuple(sizes)


@given(st.permutations("CHW"), st.lists(st.integers(1, 5000), min_size=3, max_size=3))
def test_any_named_order_reads_back(order: list[str], sizes: list[int]) -> None:
    layout = "".join(order)
    product, named = "x".join(map(str, sizes)), ", ".join(f"{a}={size}" for a, size in zip(order, sizes, strict=True))
    for text in (f"{product} ({layout})", f"{layout} {product}", f"[{product.replace('x', ', ')}] {layout}", named):
        read = read_value(text, "shape")
        assert (read.numbers, read.layout) == (tuple(sizes), layout)


NUMBERS = st.integers(0, 99).map(str)
SUMS = st.recursive(
    NUMBERS, lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*", "/",
    "//"]), inner).map(lambda p: f"({p[0]}{p[1]}{p[2]})")
    , max_leaves=8,
)  # fmt: skip


@given(SUMS)
def test_arithmetic_is_pythons_over_fractions(text: str) -> None:
    import re

    try:
        expected = eval(re.sub(r"(\d+)", r"Fraction(\1)", text))
    except ZeroDivisionError:
        assert "divides by zero" in refused(text, "number") or len(text) > 60
        return
    if abs(expected) <= 2**63:
        assert number(text) == expected
