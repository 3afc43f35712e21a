"""Places in one block of memory for buffers that do not all live at the same time."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.lifetimes import Lifetime, peak_of


def place(buffers: Sequence[Lifetime]) -> tuple[list[int], int]:
    """Return an offset for each buffer, so that none that live at once overlap, and the bytes of the whole.

    The fewest bytes possible are the most alive at once. Several greedy orders are tried, each buffer going to the
    smallest gap it fits into (Pisarchyk and Lee 2020, "Efficient memory management for deep neural net inference"),
    and where none reaches that, buffers that stick out at the top are given an earlier turn.
    """
    least, _ = peak_of(buffers)
    tried = [(_fit(buffers, order), order) for order in _orders(buffers)]
    offsets, order = min(tried, key=lambda pair: _total(buffers, pair[0]))
    for _ in range(TURNS):
        total = _total(buffers, offsets)
        if total == least:
            break
        top = next(at for at in order if offsets[at] + buffers[at].size == total)
        turn = order.index(top)
        earlier = [[*order[:to], top, *order[to:turn], *order[turn + 1 :]] for to in range(turn)]
        tried = [(_fit(buffers, one), one) for one in earlier]
        better = min(tried, key=lambda pair: _total(buffers, pair[0]), default=(offsets, order))
        if _total(buffers, better[0]) >= total:
            break
        offsets, order = better
    return offsets, _total(buffers, offsets)


TURNS = 8


def _total(buffers: Sequence[Lifetime], offsets: Sequence[int]) -> int:
    return max((offset + buffer.size for offset, buffer in zip(offsets, buffers, strict=True)), default=0)


def _orders(buffers: Sequence[Lifetime]) -> list[list[int]]:
    every = range(len(buffers))
    span = [buffer.last - buffer.first for buffer in buffers]
    return [
        sorted(every, key=lambda at: (-buffers[at].size, -span[at])),
        sorted(every, key=lambda at: (-span[at], -buffers[at].size)),
        sorted(every, key=lambda at: (-buffers[at].size * (span[at] + 1), at)),
        sorted(every, key=lambda at: (buffers[at].first, -buffers[at].size)),
        sorted(every, key=lambda at: (-buffers[at].last, -buffers[at].size)),
        _breadth(buffers),
    ]


def _breadth(buffers: Sequence[Lifetime]) -> list[int]:
    """By how much is alive while a buffer lives, then by size: the crowded phases are packed first."""
    last = max((buffer.last for buffer in buffers), default=0)
    crowd = [0] * (last + 1)
    for buffer in buffers:
        for phase in range(buffer.first, buffer.last + 1):
            crowd[phase] += buffer.size
    fullest = [max(crowd[buffer.first : buffer.last + 1]) for buffer in buffers]
    return sorted(range(len(buffers)), key=lambda at: (-fullest[at], -buffers[at].size))


def _fit(buffers: Sequence[Lifetime], order: Sequence[int]) -> list[int]:
    """Place buffers one by one, each in the smallest gap among those already placed that live with it."""
    offsets = [0] * len(buffers)
    placed: list[int] = []
    for at in order:
        buffer = buffers[at]
        beside = sorted(
            (offsets[other], offsets[other] + buffers[other].size)
            for other in placed
            if buffers[other].first <= buffer.last and buffer.first <= buffers[other].last
        )
        end, best, slack = 0, -1, 0
        for start, stop in beside:
            if start - end >= buffer.size and (best < 0 or start - end < slack):
                best, slack = end, start - end
            end = max(end, stop)
        offsets[at] = best if best >= 0 else end
        placed.append(at)
    return offsets
