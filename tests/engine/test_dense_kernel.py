"""Linear layers against the definition in float64: of vectors, and of maps that pass for vectors."""

from __future__ import annotations

import numpy as np
import pytest
from alone import run_operations
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from weighted import check, check_node, check_samples, node_of, numbers

from cnncalc.engine.plan.build_convolution import linear
from cnncalc.engine.plan.draft import Draft
from cnncalc.engine.plan.flattened import Flattened
from cnncalc.engine.plan.value import Value


def test_all_forms_of_the_arguments():
    check_samples("Linear")


@settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(st.integers(1, 200), st.integers(1, 130), st.integers(1, 17), st.integers(1, 2), st.sampled_from([1, 16]))
def test_it_computes_the_definition(features, out, batch, threads, lanes):
    check_node(node_of("Linear", (features,), {"out_features": out}), batch, lanes=lanes, threads=threads)


@pytest.mark.parametrize("shape", [(20, 3, 5), (7, 4), (17, 2, 3, 2)])
@pytest.mark.parametrize("batch", [1, 8])
def test_a_map_that_was_flattened_is_read_where_it_lies(shape, batch):
    rng = np.random.default_rng(0)
    x, weight = numbers(rng, batch, *shape), numbers(rng, 70, int(np.prod(shape)))
    node = node_of("Linear", (weight.shape[1],), {"out_features": 70, "bias": False})
    value = Value("x", shape, batch)
    draft = Draft({"layer.weight": weight}, batch)
    y = linear(draft, node, [Flattened("flat", value)])
    wanted = x.reshape(batch, -1).astype(np.float64) @ weight.T.astype(np.float64)
    check(run_operations(draft.operations, y, [value], [x]), wanted)


@pytest.mark.parametrize("batch", [1, 20])
def test_sums_too_long_for_the_cache(batch):
    check_node(node_of("Linear", (5000,), {"out_features": 70}), batch, threads=2)
