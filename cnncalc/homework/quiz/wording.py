"""How a question is asked: for each quantity a sentence or two, of a layer and of the whole network."""

from __future__ import annotations

from collections.abc import Mapping

from cnncalc.homework.assignment import Counting, Question
from cnncalc.homework.quantities import TOTAL
from cnncalc.homework.quiz.describe import joined
from cnncalc.homework.quiz.draw import Draw
from cnncalc.text import later, say

LAYER: Mapping[str, tuple[str, ...]] = {
    "output_shape": (later("What is the shape of the output of {name}?"), later("Which shape does {name} give?")),
    "output_channels": (later("How many channels does the output of {name} have?"),),
    "output_height": (later("How high is the output of {name}?"),),
    "output_width": (later("How wide is the output of {name}?"),),
    "output_length": (later("How long is the output of {name}?"),),
    "output_elements": (
        later("How many numbers does {name} give?"),
        later("How many elements does the output of {name} have?"),
    ),
    "parameters": (
        later("How many parameters does {name} have?"),
        later("How many numbers are trained in {name}?"),
    ),
    "weights": (later("How many weights does {name} have, its biases left out?"),),
    "biases": (later("How many biases does {name} have?"),),
    "buffers": (later("How many numbers does {name} store that are not trained?"),),
    "macs": (
        later("How many multiply-accumulates (MACs) does {name} take for one input?"),
        later("What does {name} cost for one input, in multiply-accumulates (MACs)?"),
    ),
    "flops": (later("How many FLOPs does {name} take for one input?"), later("What does {name} cost in FLOPs?")),
    "receptive_field": (
        later("How many input pixels wide is the receptive field of one unit of {name}?"),
        later("One unit of {name} sees a square of the input. How long is its side?"),
    ),
    "jump": (later("How many input pixels lie from one unit of {name} to the next?"),),
    "memory": (
        later("How many bytes does the output of {name} take for one input?"),
        later("How much memory, in bytes, does the output of {name} need for one input?"),
    ),
    "parameter_memory": (later("How many bytes do the parameters of {name} take?"),),
    "locally_connected": (
        later("Each position of the output gets a kernel of its own. How many parameters would {name} then have?"),
        later("How many parameters would {name} have without weight sharing, with its own kernel at each position?"),
    ),
    "fully_connected": (
        later("How many parameters does a fully connected layer need that makes the same output as {name}?"),
    ),
    "kernel_size": (later("Which kernel size of {name} gives the output {wanted}?"),),
    "stride": (later("Which stride of {name} gives the output {wanted}?"),),
    "padding": (later("Which padding on each side of {name} gives the output {wanted}?"),),
    "dilation": (later("Which dilation of {name} gives the output {wanted}?"),),
    "out_channels": (later("How many filters must {name} have so that it has {wanted} parameters?"),),
}
"""The questions about a layer."""

WHOLE: Mapping[str, tuple[str, ...]] = {
    "parameters": (
        later("How many parameters does the whole network have?"),
        later("How many numbers are trained in this network?"),
    ),
    "weights": (later("How many weights does the whole network have, its biases left out?"),),
    "macs": (later("How many multiply-accumulates (MACs) does the whole network take for one input?"),),
    "flops": (later("How many FLOPs does the whole network take for one input?"),),
    "memory": (later("How many bytes do the outputs of all layers take together for one input?"),),
    "parameter_memory": (later("How many bytes do all parameters of the network take?"),),
}
"""The questions about the whole network."""


def prompt(draw: Draw, question: Question, counting: Counting, *, rounds: bool) -> str:
    """Return the question's sentence, and what must be said of how to count and how to write the answer.

    `rounds`: the windows of a layer do not divide what enters it, so it must be said what happens then.
    """
    asked = question.asked
    templates = (WHOLE if asked.place == TOTAL else LAYER)[asked.quantity]
    wanted = question.such_that[0].text if question.such_that else ""
    sentences = [say(draw.pick(templates), name=asked.place, wanted=wanted)]
    if rounds:
        sentences.append(say("Windows that do not fit whole are left out, unless the size is rounded up."))
    return joined([*sentences, *_conventions(asked.quantity, counting)])


def _conventions(quantity: str, counting: Counting) -> list[str]:
    """Say what counts, where courses differ, and the form of the answer."""
    if quantity == "output_shape":
        return [say("Write the channels first, such as 3x32x32.")]
    if quantity in ("macs", "flops"):
        biases = say("Additions of biases count.") if counting.bias_in_macs else say("Biases are not counted.")
        if quantity == "macs":
            return [biases]
        one = say("A multiply-accumulate is {count} FLOPs.", count=counting.flops_per_mac)
        return [say("A multiply-accumulate is 1 FLOP.") if counting.flops_per_mac == 1 else one, biases]
    if quantity in ("memory", "parameter_memory"):
        return [say("The numbers are {dtype}.", dtype=counting.dtype)]
    if quantity == "parameters" and not counting.bias_in_parameters:
        return [say("Biases are not counted.")]
    return []
