"""Operations whose result nobody reads."""

from networks import build, conv
from planned import check_passes, named, without_unread

MAP = (16, 5, 6)


def test_what_nobody_reads_is_left_out_and_what_only_that_reads():
    lines = [conv("a", 16, 1), conv("b", 16, 1), ("r", "ReLU", {}), conv("c", 5, 1, ["a"])]
    assert named(check_passes(build(MAP, *lines), without_unread)) == ["a", "c"]


def test_not_what_is_read_in_part():
    lines = [conv("a", 32, 1), ("x", "Slice", {"start": 16}), ("r", "ReLU", {})]
    assert named(check_passes(build(MAP, *lines), without_unread)) == ["a", "r"]


def test_not_what_a_part_of_is_an_output():
    assert named(check_passes(build(MAP, conv("a", 32, 1), ("x", "Slice", {"start": 16})), without_unread)) == ["a"]


def test_a_concat_that_only_a_shuffle_reads():
    lines = [
        conv("a", 10, 1),
        conv("b", 10, 1),
        ("cat", "Concat", {}, ["a", "b"]),
        ("x", "ChannelShuffle", {"groups": 2}),
    ]
    assert named(check_passes(build(MAP, *lines), without_unread)) == ["a", "b", "x"]


def test_the_input_as_output():
    assert named(check_passes(build(MAP, ("d", "Dropout", {})), without_unread)) == []


def test_a_head_that_is_not_run_is_left_out_too():
    head = ("aux", True, [conv("aux.c", 5, 1, ["a"])])
    assert named(check_passes(build(MAP, conv("a", 16, 1), conv("b", 5, 1), heads=[head]), without_unread)) == [
        "a",
        "b",
    ]
