"""Write golden/tool_counts.json: what the counting tools themselves print, for the samples of each layer type, for
random small networks, and for the networks of `specs/` that torchvision has.

Run with PyTorch 2.13 (CPU), torchvision 0.28.0, torchinfo 1.8.0, fvcore 0.1.5.post20221221, thop 0.1.1.post2209072238,
ptflops 0.7.5 and calflops 0.3.2 installed, and ultralytics-thop 2.2.3 in a folder of its own, since it is a package
`thop` as well: `PYTHONPATH=. python tests/data/make_tool_counts.py FOLDER`. A tool that fails has null.

A layer that is called as a function is a module that the network does not own: whatever walks over modules does not
find it, and what patches or traces functions does.
"""

import contextlib
import gc
import importlib
import io
import json
import logging
import operator
import random
import sys
import types
import warnings
from functools import reduce
from pathlib import Path

import torch

register_fake, torch.library.register_fake = torch.library.register_fake, lambda *_: lambda made: made
import torchvision  # noqa: E402  without its compiled operators, which no network here needs

torch.library.register_fake = register_fake
for part in ("flops_counter_hf", "estimate"):  # of calflops: networks fetched by name, which needs transformers
    sys.modules[f"calflops.{part}"] = types.SimpleNamespace(calculate_flops_hf=None, create_empty_model=None)

import calflops  # noqa: E402
import torchinfo  # noqa: E402
from fvcore.nn import FlopCountAnalysis  # noqa: E402
from make_pytorch import module  # noqa: E402
from ptflops import get_model_complexity_info  # noqa: E402
from ptflops.pytorch_ops import MODULES_MAPPING  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from cnncalc.graph import INPUT  # noqa: E402
from cnncalc.layers import LAYERS, layer_type  # noqa: E402
from cnncalc.spec.load import load, loads  # noqa: E402

SPECS = Path(__file__).parents[2] / "specs"
NETWORKS = 240


def packages(folder):
    """Return thop and ultralytics-thop, which have one name."""
    first = importlib.import_module("thop.profile")
    for name in [name for name in sys.modules if name.split(".")[0] == "thop"]:
        del sys.modules[name]
    sys.path.insert(0, folder)
    return first, importlib.import_module("thop.profile")


def middle(x, shape):
    """Return the middle of a map, as large as `shape`; int, since tracing has sizes that are no numbers."""
    for axis, length in enumerate(shape[1:], start=2):
        x = x.narrow(axis, round((int(x.shape[axis]) - length) / 2.0), length)
    return x


class StochasticDepth(nn.Module):
    """Of another module than torch.nn's, as torchvision's is."""

    def forward(self, x):
        return x


class Net(nn.Module):
    """A graph as a PyTorch network; one idle module and parameter, since some tools fail without."""

    def __init__(self, graph):
        super().__init__()
        self.graph = graph
        self.dummy = nn.Parameter(torch.zeros(1))
        self.idle = nn.Identity()
        self.steps = []
        for at, node in enumerate(graph.nodes):
            step = self.step(node)
            if isinstance(step, nn.Module):
                step.eval()
                if node.functional:
                    step.requires_grad_(False)
                    step = types.MethodType(lambda made, x: made(x), step)
                else:
                    self.add_module(f"layer{at}", step)
            self.steps.append(step)

    def step(self, node):
        layer, shape = node.layer, node.input_shapes[0]
        if node.type == "Multiply":
            return lambda *xs: reduce(operator.mul, xs)
        if node.type == "CenterCrop":
            return lambda x: middle(x, node.output_shape)
        if node.type == "LayerScale":
            bare = nn.Parameter(torch.ones(shape[0], *(1 for _ in shape[1:])))
            self.register_parameter(f"layer_scale{len(self.steps)}", bare)
            return lambda x: bare * x
        if node.type == "StochasticDepth":
            return StochasticDepth()
        if node.type == "ReLU6" and node.functional:
            return lambda x: nn.functional.relu6(x)
        return module(node.type, layer, node.input_shapes)

    def forward(self, x):
        values = {INPUT: x}
        for node, step in zip(self.graph.nodes, self.steps, strict=True):
            values[node.name] = step(*(values[name] for name in node.inputs))
        return values[self.graph.nodes[-1].name]


PATCHED = (nn.functional, torch, torch.Tensor)


def attempt(work):
    """Return what a tool gives, or None where it fails; nothing is printed, and no function it patched stays so."""
    before = [dict(vars(place)) for place in PATCHED]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), torch.no_grad():
            return work()
    except Exception:
        return None
    finally:
        for place, values in zip(PATCHED, before, strict=True):
            for name, value in values.items():
                if vars(place).get(name) is not value:
                    setattr(place, name, value)


def traced(made, x):
    analysis = FlopCountAnalysis(made, x)
    return analysis.total(), not analysis.unsupported_ops()


def summed(made, x):
    found = torchinfo.summary(made, input_data=x, verbose=0)
    idle = 1 if isinstance(made, Net) else 0
    return [found.total_mult_adds, found.total_params - idle, found.total_param_bytes, found.total_output_bytes]


def counted(made, x):
    with FlopCounterMode(display=False) as mode:
        made(x)
    return mode.get_total_flops()


def whole(value):
    return int(value) if isinstance(value, float) and value.is_integer() else value


def printed(make, shape, batch, thop, ultralytics):
    """Return {tool: total} of the network that `make` makes; torchinfo's with bytes, calflops' with MACs.

    The second is whether fvcore knows all operations. Each tool gets a network of its own, since some leave traces.
    """

    def new():
        return make().eval()

    x = torch.zeros(batch, *shape)
    fvcore = attempt(lambda: traced(new(), x))
    quiet = {"as_strings": False, "print_per_layer_stat": False}
    complexity = {
        name: attempt(lambda backend=backend: get_model_complexity_info(new(), shape, backend=backend, **quiet)[0])
        for name, backend in (("ptflops", "pytorch"), ("ptflops-aten", "aten"))
    }
    silent = {"output_as_string": False, "print_results": False, "print_detailed": False}
    both = attempt(lambda: calflops.calculate_flops(new(), (batch, *shape), **silent))
    totals = {
        "torchinfo": attempt(lambda: summed(new(), x)),
        "fvcore": fvcore and fvcore[0],
        "thop": attempt(lambda: thop.profile(new(), (x,), verbose=False)[0]),
        "ultralytics-thop": attempt(lambda: ultralytics.profile(new(), (x,), verbose=False)[0]),
        **complexity,
        "torch": attempt(lambda: counted(new(), x)),
        "calflops": both and list(both[:2]),
    }
    return {tool: whole(total) for tool, total in totals.items()}, fvcore and fvcore[1]


def supported(graph, traced_all, thop, ultralytics):
    """Return which tools say that they know the one layer of a graph."""
    made = type(Net(graph).step(graph.nodes[0]))
    rule = attempt(lambda: ultralytics._resolve_rule(made, {}, {made}, False, False))
    return {
        "fvcore": traced_all,
        "thop": made in thop.register_hooks,
        "ultralytics-thop": rule is not None,
        "ptflops": made in MODULES_MAPPING,
    }


def samples(thop, ultralytics):
    """Yield each sample of a layer with one input that PyTorch has one module for."""
    for name in LAYERS:
        for number, sample in enumerate(layer_type(name).samples()):
            if layer_type(name).many_inputs or len(sample.inputs) > 1:
                continue
            for functional in (False, True):
                item = {"type": name, **sample.arguments, **({"functional": True} if functional else {})}
                spec = {"input": list(sample.inputs[0]), "layers": [item]}
                graph = loads(json.dumps(spec))
                step = Net(graph).step(graph.nodes[0])
                if step is None or isinstance(step, nn.Sequential):
                    continue
                if functional and not isinstance(step, nn.Module):
                    continue
                totals, known = printed(lambda graph=graph: Net(graph), graph.input_shape, 1, thop, ultralytics)
                found = {"spec": spec, "batch": 1, "totals": totals}
                if not functional and isinstance(step, nn.Module):
                    found["supported"] = supported(graph, known, thop, ultralytics)
                yield f"{name}/{number}{' functional' if functional else ''}", found


# -- random networks


def conv(draw, shape):
    axes = len(shape) - 1
    groups = draw.choice([g for g in (1, 1, 2, shape[0]) if shape[0] % g == 0])
    kernel = draw.randint(1, min(3, *shape[1:]))
    padding = draw.choice(["same", 1, 0]) if kernel > 1 else 0
    return {
        "type": f"Conv{axes}d",
        "out_channels": groups * draw.randint(1, 4),
        "kernel_size": kernel,
        "groups": groups,
        "bias": draw.random() < 0.5,
        "padding": padding,
        "stride": 1 if padding == "same" else draw.randint(1, 2),
    }


def transposed(draw, shape):
    groups = draw.choice([g for g in (1, 1, 2, shape[0]) if shape[0] % g == 0])
    return {
        "type": f"ConvTranspose{len(shape) - 1}d",
        "out_channels": groups * draw.randint(1, 4),
        "kernel_size": draw.randint(2, 4),
        "stride": draw.randint(1, 3),
        "padding": draw.randint(0, 1),
        "groups": groups,
        "bias": draw.random() < 0.5,
    }


def pool(draw, shape):
    axes = len(shape) - 1
    kind = draw.choice(["MaxPool", "AvgPool"])
    kernel = draw.randint(1, min(3, *shape[1:]))
    found = {"type": f"{kind}{axes}d", "kernel_size": kernel, "stride": draw.randint(1, 3)}
    found |= {"padding": draw.randint(0, kernel // 2), "ceil_mode": draw.random() < 0.5}
    return {**found, "count_include_pad": draw.random() < 0.5} if kind == "AvgPool" else found


def adaptive(draw, shape):
    axes = len(shape) - 1
    kind = draw.choice(["AdaptiveAvgPool", "AdaptiveMaxPool", "GlobalAvgPool"])
    size = {} if kind[0] == "G" else {"output_size": [draw.randint(1, 7) for _ in range(axes)]}
    return {"type": f"{kind}{axes}d", **size}


def upsample(draw, shape):
    mode = draw.choice(
        ["nearest", {1: "linear", 2: draw.choice(["bilinear", "bicubic"]), 3: "trilinear"}[len(shape) - 1]]
    )
    size = {"scale_factor": 2} if draw.random() < 0.5 else {"size": [n + draw.randint(0, 3) for n in shape[1:]]}
    return {"type": "Upsample", "mode": mode, **size}


def norm(draw, shape):
    affine = draw.random() < 0.6
    kind = draw.choice(["BatchNorm", "InstanceNorm", "GroupNorm", "LayerNorm"])
    if kind == "GroupNorm":
        return {"type": kind, "num_groups": draw.choice([1, shape[0]]), "affine": affine}
    if kind == "LayerNorm":
        return {"type": kind, "normalized_shape": list(shape), "elementwise_affine": affine}
    return {"type": f"{kind}{len(shape) - 1}d", "affine": affine}


ACTIVATIONS = (
    *("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "SiLU", "GELU", "Hardswish", "Hardsigmoid", "Hardtanh", "Sigmoid"),
    *("Tanh", "Mish", "Softplus", "Dropout", "Identity"),
)


def activation(draw, shape):
    kind = draw.choice([*ACTIVATIONS, "Softmax", "LogSoftmax", "LocalResponseNorm", "Flatten"])
    if kind in ("Softmax", "LogSoftmax"):
        return {"type": kind, "dim": draw.randint(1, len(shape))}
    return {"type": kind, "size": draw.randint(1, 5)} if kind == "LocalResponseNorm" else {"type": kind}


def network(draw):
    """Return a random spec that can be loaded."""
    axes = draw.choice([1, 2, 2, 2, 3])
    shape = [draw.choice([2, 4, 6]), *(draw.randint(4, 9) for _ in range(axes))]
    spec = {"input": list(shape), "layers": []}
    for _ in range(draw.randint(2, 8)):
        output = loads(json.dumps(spec)).nodes[-1].output_shape if spec["layers"] else tuple(shape)
        if len(output) == 1:
            item = draw.choice(
                [{"type": "Linear", "out_features": draw.randint(1, 9), "bias": draw.random() < 0.5}, {"type": "ReLU"}]
            )
        elif draw.random() < 0.15 and spec["layers"]:
            last = spec["layers"][-1]["name"]
            item = {"type": draw.choice(["Add", "Multiply", "Concat"]), "from": [last, last]}
        else:
            item = draw.choice([conv, conv, transposed, pool, adaptive, upsample, norm, activation])(draw, output)
        if item["type"] not in ("Add", "Multiply", "Concat") and draw.random() < 0.25:
            item["functional"] = True
        grown = {**spec, "layers": [*spec["layers"], {"name": f"layer{len(spec['layers'])}", **item}]}
        try:
            loads(json.dumps(grown))
            spec = grown
        except Exception:
            continue
    return spec


def networks(thop, ultralytics):
    """Yield random networks."""
    draw = random.Random(4)
    number = 0
    while number < NETWORKS:
        spec = network(draw)
        if spec["layers"]:
            batch = draw.choice([1, 1, 2, 3])
            graph = loads(json.dumps(spec))
            totals, _ = printed(lambda graph=graph: Net(graph), graph.input_shape, batch, thop, ultralytics)
            yield f"network {number}", {"spec": spec, "batch": batch, "totals": totals}
            number += 1


def galleries(thop, ultralytics):
    """Yield the networks of specs/ that torchvision has under the same name."""
    for path in sorted(SPECS.glob("*.yaml")):
        kind = getattr(torchvision.models, path.stem, None) or getattr(torchvision.models.video, path.stem, None)
        if kind is not None:
            plain = {"init_weights": False} if path.stem in ("googlenet", "inception_v3") else {}
            shape = load(str(path)).input_shape
            totals, _ = printed(lambda kind=kind, plain=plain: kind(**plain), shape, 1, thop, ultralytics)
            yield f"specs/{path.name}", {"file": path.name, "batch": 1, "totals": totals}
            gc.collect()


def main():
    """Write the file."""
    warnings.simplefilter("ignore")
    logging.disable()
    thop, ultralytics = packages(sys.argv[1])
    found = {}
    for part in (samples, networks, galleries):
        found |= dict(part(thop, ultralytics))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in found.items())
    (Path(__file__).parent / "golden" / "tool_counts.json").write_text("{\n" + lines + "\n}\n")
    print(len(found), "networks by torch", torch.__version__)


main()
