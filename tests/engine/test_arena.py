"""Places for buffers: none that live at once overlap, and the whole is as small as it can be where that is known."""

from itertools import combinations, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from cnncalc.engine.plan.arena import place
from cnncalc.lifetimes import Lifetime, peak_of

lifetimes = st.builds(
    lambda size, first, span: Lifetime(size * 64, first, first + span),
    st.integers(0, 40),
    st.integers(0, 12),
    st.integers(0, 8),
)


def most_alive(buffers):
    return max((sum(b.size for b in buffers if b.first <= at <= b.last) for at in range(30)), default=0)


def overlap(buffers, offsets):
    """Whether any two bytes of different buffers are the same in any phase, buffers of no bytes apart."""
    spans = [(b, set(range(o, o + b.size, 64))) for b, o in zip(buffers, offsets, strict=True)]
    return any(a[1] & b[1] for a, b in combinations(spans, 2) if a[0].first <= b[0].last and b[0].first <= a[0].last)


@given(st.lists(lifetimes, max_size=14))
@settings(max_examples=150, deadline=None)
def test_no_two_that_live_at_once_overlap(buffers):
    offsets, total = place(buffers)
    assert len(offsets) == len(buffers)
    assert min(offsets, default=0) >= 0
    assert not overlap(buffers, offsets)
    assert all(offset + b.size <= total for offset, b in zip(offsets, buffers, strict=True))
    assert peak_of(buffers)[0] == most_alive(buffers) <= total


@given(st.lists(lifetimes, min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_few_buffers_take_hardly_more_than_the_best_of_all_orders(buffers):
    """Each order in turn, every buffer as low as it can lie: for so few that is the best there is."""

    def lowest(order):
        placed = []
        for b in order:
            beside = [(o, o + c.size) for c, o in placed if c.first <= b.last and b.first <= c.last]
            starts = sorted({0, *(end for _, end in beside)})
            at = next(s for s in starts if all(s + b.size <= o or end <= s for o, end in beside))
            placed.append((b, at))
        return max(at + b.size for b, at in placed)

    assert place(buffers)[1] <= 1.25 * min(lowest(order) for order in permutations(buffers))


def test_a_chain_takes_two_neighbours():
    chain = [Lifetime(size, at, at + 1) for at, size in enumerate((640, 1280, 320, 1920, 64))]
    assert place(chain)[1] == 1920 + 320


def test_nothing_takes_nothing():
    assert place([]) == ([], 0)


def test_a_buffer_that_sticks_out_gets_an_earlier_turn():
    """By size, the long thin one lands between others and the last sits on top of it all."""
    buffers = [
        Lifetime(64 * size, first, last)
        for size, first, last in ((4, 0, 1), (3, 1, 3), (4, 3, 5), (2, 0, 5), (5, 5, 6))
    ]
    assert place(buffers)[1] == peak_of(buffers)[0]
