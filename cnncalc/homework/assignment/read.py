"""An assignment file -> an Assignment, or every error in it at once.

    assignment: LeNet by hand            # its name; else the network's
    spec: ../lenet.yaml                  # a file, named from this file's folder
    network: {input: [...], layers: [...]}   # or a spec written here
    layer: "input 32x32x3, ten 5x5 filters"  # or a sentence on one layer (see `lone`)
    set: {width: 64}                     # values for the spec's vars
    channels: first                      # or last: how a shape is meant where an answer does not say
    flops_per_mac: 2                     # or 1, where a course calls a multiply-add one FLOP
    bias_in_macs: false                  # whether the additions of biases count
    bias_in_parameters: true             # whether biases count as parameters
    dtype: float32                       # for memory; so is batch
    batch: 1
    seed: 0                              # of the input and weights, for elements of an output
    reveal: true                         # whether students' feedback may show the expected answers
    points: 1                            # of a question that does not say; so are the next three
    partial_credit: {any: 0.5}           # the share of the points for an answer that shows a mistake, by its name
    follow_through: true                 # whether what follows from the student's own earlier answers is right
    decimals: 2                          # to how many an element of an output must be right
    questions:                           # left out: every layer's shape and parameters, and the parameters in all
      - conv1.output_shape
      - {quantity: conv1.parameters, points: 2, accept: ["2,400"], wording: How many weights and biases?}
      - {quantity: conv1.padding, such_that: {conv1.output_shape: 6x28x28}}    # any right answer is right
      - {layer: conv1, quantities: [weights, macs]}     # several of one layer; without `layer`, of the network
      - {layers: [conv1, conv2], quantities: [biases]}  # of several; `all`, or a type such as Conv2d
      - {label: q1, network: "input 7x7x3, three 3x3 filters", quantity: parameters}    # on a network of its own

Of `spec`, `network` and `layer` an assignment has one. `layers: all` leaves out the layers that only pass numbers on.
A question on a network of its own (`spec`, or `network` as a spec or a sentence) is answered under its `label`.
Where every question has one, the assignment needs none, and the first question's is the assignment's.
"""

from __future__ import annotations

from cnncalc.analysis.memory import BITS
from cnncalc.diagnostics import CnncalcError
from cnncalc.graph import Graph
from cnncalc.homework.assignment import Assignment, Counting, terms
from cnncalc.homework.assignment.defaults import assignment_for
from cnncalc.homework.assignment.read_network import KEYS as NETWORKS
from cnncalc.homework.assignment.read_network import NetworkReader
from cnncalc.homework.assignment.read_questions import QuestionReader, own_networks
from cnncalc.homework.assignment.terms import read_terms
from cnncalc.homework.assignment.values import Values
from cnncalc.spec.files import read_text
from cnncalc.spec.keys import known_keys
from cnncalc.spec.problems import Problems, kind_of
from cnncalc.spec.source import Entry, Mapping, Scalar, parse
from cnncalc.text import say

__all__ = ["assignment_for", "load_assignment", "read_assignment"]

COUNTING = ("channels", "flops_per_mac", "bias_in_macs", "bias_in_parameters", "dtype", "batch")
KEYS = ("assignment", *NETWORKS, "set", *COUNTING, "seed", "reveal", *terms.KEYS, "questions")

MAX_BATCH = 2**20


def load_assignment(path: str) -> Assignment:
    """Read the assignment at `path` (`-`: standard input). See `read_assignment`."""
    return read_assignment(read_text(path), "<stdin>" if path == "-" else path)


def read_assignment(text: str, source: str) -> Assignment:
    """Return the assignment that `text` is; `source` is its path, from whose folder `spec` is named.

    Raises CnncalcError with every error found, those of the network at their places in its own file.
    """
    parsed = parse(text, source)
    problems = Problems(source, text, parsed.found)
    networks = NetworkReader(problems)
    assignment = None
    if isinstance(parsed.tree, Mapping):
        keys = known_keys(problems, parsed.tree, KEYS, say("an assignment"))
        assignment = _assignment(keys, parsed.tree, problems, networks)
    else:
        message = say("an assignment is a mapping, and this is {kind}", kind=kind_of(parsed.tree))
        problems.add("E201", message, parsed.tree.span, say("start with spec: lenet.yaml and questions:"))
    try:
        problems.raise_if_any()
    except CnncalcError as error:
        raise CnncalcError(error.diagnostics, networks.sources) from None
    assert assignment is not None
    return assignment


def _assignment(
    keys: dict[str, Entry], tree: Mapping, problems: Problems, networks: NetworkReader
) -> Assignment | None:
    values = Values(problems)
    name = values.line(keys["assignment"]) if "assignment" in keys else None
    counting = _counting(keys, values)
    standard = read_terms(keys, values)
    seed = values.whole(keys["seed"], 0, 2**32 - 1) if "seed" in keys else 0
    reveal = values.flag(keys["reveal"]) if "reveal" in keys else True
    graph = _network(keys, tree, problems, networks)
    if graph is None:
        return None
    questions = QuestionReader(problems, networks, graph, counting, standard).read(keys.get("questions"))
    return Assignment(name or graph.name, graph, questions, counting, reveal is True, problems.source, seed or 0)


def _counting(keys: dict[str, Entry], values: Values) -> Counting:
    """Return what counts; the standard stands for what has a mistake."""
    standard = Counting()
    flops = values.whole(keys["flops_per_mac"], 1, 2) if "flops_per_mac" in keys else None
    last = "channels" in keys and values.choice(keys["channels"], ("first", "last")) == "last"
    in_macs = values.flag(keys["bias_in_macs"]) if "bias_in_macs" in keys else None
    in_parameters = values.flag(keys["bias_in_parameters"]) if "bias_in_parameters" in keys else None
    dtype = values.choice(keys["dtype"], [*BITS]) if "dtype" in keys else None
    batch = values.whole(keys["batch"], 1, MAX_BATCH) if "batch" in keys else None
    return Counting(
        1 if flops == 1 else 2,
        standard.bias_in_macs if in_macs is None else in_macs,
        standard.bias_in_parameters if in_parameters is None else in_parameters,
        "last" if last else "first",
        dtype or standard.dtype,
        batch or standard.batch,
    )


def _network(keys: dict[str, Entry], tree: Mapping, problems: Problems, networks: NetworkReader) -> Graph | None:
    named = [keys[key] for key in NETWORKS if key in keys]
    for other in named[1:]:
        message = say("{first} and {second} both name a network", first=named[0].key.text, second=other.key.text)
        problems.add("E527", message, other.key.span, say("remove one of them"))
    settings = keys.get("set")
    if settings and named and isinstance(named[0].value, Scalar) and named[0].key.text != "spec":
        problems.add(
            "E527", say("set is for a spec's vars, and a sentence has none"), settings.key.span, say("remove it")
        )
    if named:
        return networks.read(named[0], settings)
    own = own_networks(keys.get("questions"))
    if own:
        if settings:
            message = say("set is for the assignment's spec, and each question has a network of its own")
            problems.add("E527", message, settings.key.span, say("remove it"))
        return next(filter(None, map(networks.read, own)), None)
    if not any(entry.key.text not in KEYS for entry in tree.entries):
        start = tree.span._replace(end_line=tree.span.line, end_column=tree.span.column)
        help = say("write spec: lenet.yaml, network: with input and layers, or layer: and a sentence")
        problems.add("E203", say("the assignment has no network"), start, help)
    return None
