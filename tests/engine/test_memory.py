"""A plan that would not fit into memory is refused before anything of it is allocated."""

import numpy as np
import pytest
from networks import build, conv
from planned import numbers_for

import cnncalc
from cnncalc.diagnostics import CnncalcError
from cnncalc.engine import compiled, memory
from cnncalc.engine.compiled import Engine
from cnncalc.engine.plan.assemble import lay_out
from cnncalc.engine.plan.plan import plan

GRAPH = build((16, 32, 32), conv("a", 64, 3, padding=1), ("r", "Sigmoid", {}), conv("b", 64, 3))


@pytest.fixture(autouse=True)
def no_guards(monkeypatch):
    """They take memory too."""
    monkeypatch.setenv(compiled.CHECKED, "")


def needed(batch, threads):
    _, weights = numbers_for(GRAPH, 1)
    layout = lay_out(plan(GRAPH, weights, batch).operations)
    return layout.arena_bytes + threads * layout.scratch_bytes + layout.constant_bytes


def test_the_arena_alone_is_refused_before_it_is_taken(monkeypatch):
    _, weights = numbers_for(GRAPH, 4)
    monkeypatch.setattr(memory, "available_bytes", lambda: needed(4, 2) - 1)
    monkeypatch.setattr(compiled, "assemble", lambda layout: pytest.fail("memory was taken"))
    with pytest.raises(CnncalcError) as caught:
        Engine(GRAPH, weights, 4, 2)
    (problem,) = caught.value.diagnostics
    assert problem.code == "E401"
    assert problem.help


def test_what_just_fits_runs(monkeypatch):
    x, weights = numbers_for(GRAPH, 4)
    monkeypatch.setattr(memory, "available_bytes", lambda: needed(4, 1))
    with Engine(GRAPH, weights, 4, 1) as engine:
        assert np.isfinite(engine(x)).all()


def test_a_spec_that_is_far_too_large_is_refused_at_once(tmp_path):
    spec = tmp_path / "huge.yaml"
    spec.write_text("input: [3, 100000, 100000]\nlayers:\n  - {type: Conv2d, out_channels: 64, kernel_size: 3}\n")
    with pytest.raises(CnncalcError) as caught:
        cnncalc.compile(cnncalc.load(str(spec)))
    assert caught.value.diagnostics[0].code == "E401"
