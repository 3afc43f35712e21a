"""Write pytorch.npz: what PyTorch computes for each sample of each layer type that it has a module for.

Run with PyTorch 2.13 (CPU) installed: `PYTHONPATH=. python tests/data/make_pytorch.py`. Entry TYPE/NUMBER is the output
for the sample NUMBER of `samples()`; `specs` holds, as JSON, the arguments and input shapes it was made from, so that a
test sees when a sample has changed. Inputs and tensors come from `pool`, see `drawn`. Computed in double
precision, kept in single.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from cnncalc.layers import LAYERS, layer_type
from cnncalc.layers.base import create


def module(name, layer, inputs):
    """Return PyTorch's own way to do what the layer does; padding that its module cannot express is added before it."""
    kind = getattr(nn, name, None)
    if name.startswith("ConvTranspose"):
        names = ("out_channels", "kernel_size", "stride", "padding", "output_padding", "groups", "bias", "dilation")
        return kind(inputs[0][0], *(getattr(layer, one) for one in names))
    if name == "Upsample":
        size, factor = (one and (one[0] if len(one) == 1 else one) for one in (layer.size, layer.scale_factor))
        aligned = None if layer.mode == "nearest" else layer.align_corners
        return kind(size, factor, layer.mode, aligned, layer.recompute_scale_factor or None)
    if name in ("PixelShuffle", "PixelUnshuffle"):
        return kind(layer.upscale_factor if name == "PixelShuffle" else layer.downscale_factor)
    if name == "CenterCrop":
        return lambda x, *like: center_crop(x, like[0].shape[2:] if like else layer.size)
    if name.startswith("Conv"):
        before, pads = outside(layer, inputs[0], layer.padding_mode)
        made = kind(
            inputs[0][0],
            layer.out_channels,
            layer.kernel_size,
            layer.stride,
            pads,
            layer.dilation,
            layer.groups,
            layer.bias,
            "zeros" if before else layer.padding_mode,
        )
        return nn.Sequential(before, made) if before else made
    if name.startswith("MaxPool"):
        before, pads = outside(layer, inputs[0], "minus infinity")
        made = kind(layer.kernel_size, layer.strides, pads, layer.dilation, ceil_mode=layer.ceil_mode)
        return nn.Sequential(before, made) if before else made
    if name.startswith("AvgPool"):
        before, pads = outside(layer, inputs[0], "zeros")
        more = {"divisor_override": layer.divisor} if not name.endswith("1d") else {}
        if before and (layer.ceil_mode or not layer.count_include_pad):
            return None
        made = kind(layer.kernel_size, layer.strides, pads, layer.ceil_mode, layer.count_include_pad, **more)
        return nn.Sequential(before, made) if before else made
    if name.startswith("LPPool"):
        flat = name.endswith("1d")  # which takes numbers only
        sizes = [one[0] if one and flat else one for one in (layer.kernel_size, layer.stride)]
        return kind(layer.norm_type, *sizes, layer.ceil_mode)
    if name.startswith("Adaptive"):
        # The 1-d modules do not take None, which keeps the size of the axis.
        return kind(tuple(count or size for count, size in zip(layer.output_size, inputs[0][1:], strict=True)))
    if name.startswith("Global"):
        return getattr(nn, name.replace("Global", "Adaptive"))(1)
    if name == "Linear":
        return kind(inputs[0][0], layer.out_features, layer.bias)
    if name.startswith(("BatchNorm", "InstanceNorm")):
        return kind(inputs[0][0], layer.eps, layer.momentum, layer.affine, layer.track_running_stats)
    if name == "GroupNorm":
        return kind(layer.num_groups, inputs[0][0], layer.eps, layer.affine)
    if name == "LayerNorm":
        return kind(layer.normalized_shape or inputs[0], layer.eps, layer.elementwise_affine, layer.bias)
    if name == "LayerNorm2d":
        return LayerNorm2d(inputs[0][0], layer.eps, layer.elementwise_affine, layer.bias)
    if name == "LayerScale":
        return LayerScale(inputs[0])
    if name == "LocalResponseNorm":
        return kind(layer.size, layer.alpha, layer.beta, layer.k)
    if name == "PReLU":
        return kind(layer.num_parameters)
    if name in ("Softmax", "LogSoftmax"):
        return kind(layer.dim)
    if name in ("LeakyReLU", "ELU"):
        return kind(layer.negative_slope if name == "LeakyReLU" else layer.alpha)
    if name in ("Hardtanh", "Softplus"):
        return kind(*((layer.min_val, layer.max_val) if name == "Hardtanh" else (layer.beta, layer.threshold)))
    if name == "GELU":
        return kind(layer.approximate)
    if name == "Flatten":
        return kind(layer.start_dim, layer.end_dim)
    if name == "Unflatten":
        return kind(layer.dim, layer.unflattened_size)
    if name == "ChannelShuffle":
        return kind(layer.groups)
    if "Pad" in name:
        return kind(tuple(layer.padding), layer.value) if name.startswith("Constant") else kind(tuple(layer.padding))
    if name == "Mean":
        return lambda x: x.mean(layer.dim, layer.keepdim)
    if name == "StochasticDepth":
        return nn.Identity()  # torchvision.ops.stochastic_depth: `if not training or p == 0.0: return input`
    if name == "Add":
        return lambda *xs: sum(xs[1:], xs[0])
    if name == "Multiply":
        return lambda *xs: torch.prod(torch.stack(torch.broadcast_tensors(*xs)), 0)
    if name == "Concat":
        return lambda *xs: torch.cat(xs, layer.dim)
    if name == "Slice":
        return lambda x: x.movedim(layer.dim, 0)[layer.start : layer.end : layer.step].movedim(0, layer.dim)
    return kind()


def center_crop(x, size):
    """Return the middle of an image; where it starts is torchvision's line (transforms.functional.center_crop)."""
    for axis, length in enumerate(size if len(size) > 1 else size * (x.ndim - 2), start=2):
        start = round((x.shape[axis] - length) / 2.0)
        x = x.narrow(axis, start, length)
    return x


class Pad(nn.Module):
    """One-sided padding, by torch.nn.functional.pad, in front of a module that only takes the same on both sides."""

    def __init__(self, pairs, mode):
        super().__init__()
        self.sides = [side for pair in reversed(pairs) for side in pair]
        self.mode = mode

    def forward(self, x):
        if self.mode == "minus infinity":
            return functional.pad(x, self.sides, "constant", -torch.inf)
        return functional.pad(x, self.sides, "constant" if self.mode == "zeros" else self.mode)


class LayerNorm2d(nn.LayerNorm):
    """As torchvision.models.convnext writes it."""

    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        x = functional.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class LayerScale(nn.Module):
    """The factor of torchvision.models.convnext.CNBlock, `self.layer_scale * x`, with one axis in place of three."""

    def __init__(self, shape):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape[0]))
        self.sizes = (shape[0], *(1 for _ in shape[1:]))

    def forward(self, x):
        return self.weight.view(self.sizes) * x


def outside(layer, shape, mode):
    """Return (padding module or None, padding for the module itself).

    `same` is PyTorch's own word. `same_upper` and `same_lower` are TensorFlow's rule as its documentation writes it
    (tf.nn.convolution): total = max(k - s, 0) where s divides n, else max(k - n % s, 0) (dilation 1).
    """
    if layer.padding == "same":
        return None, "same"
    pairs = layer.padding
    if isinstance(pairs, str):
        pairs = []
        strides = layer.stride or layer.kernel_size
        for n, k, s in zip(shape[1:], layer.kernel_size, strides, strict=True):
            total = max(k - s, 0) if n % s == 0 else max(k - n % s, 0)
            small = total // 2
            pairs.append((small, total - small) if layer.padding == "same_upper" else (total - small, small))
    if all(a == b for a, b in pairs):
        return None, tuple(a for a, _ in pairs)
    return Pad(pairs, mode), 0


def drawn(pool, key, shape):
    """Return the values of an input or a tensor: `pool` round and round from where the key's CRC-32 says."""
    start = zlib.crc32(key.encode()) % len(pool)
    return np.resize(np.roll(pool, -start), shape)


def run(key, layer, shapes, pool):
    """Return what PyTorch computes in double precision for a batch of 2, or None where it has no such module."""
    made = module(key.split("/")[0], layer, shapes)
    if made is None:
        return None
    inputs = [drawn(pool, f"{key}/input{place}", (2, *shape)) for place, shape in enumerate(shapes)]
    if isinstance(made, nn.Module):
        made = made.double().eval()
        for full, tensor in made.state_dict().items():
            short = full.rsplit(".", 1)[-1]
            if short != "num_batches_tracked":
                values = drawn(pool, f"{key}/{short}", tuple(tensor.shape))
                tensor.copy_(torch.from_numpy(abs(values) + 0.5 if short == "running_var" else values))
    with torch.no_grad():
        return made(*(torch.from_numpy(x).double() for x in inputs)).numpy()


def main():
    """Write the file beside this one."""
    pool = (2 * np.random.default_rng(0).standard_normal(8191)).astype(np.float32)
    stored, specs = {"pool": pool}, {}
    for name in LAYERS:
        for number, sample in enumerate(layer_type(name).samples()):
            key = f"{name}/{number}"
            layer = create(layer_type(name), sample.arguments)
            result = run(key, layer, sample.inputs, pool)
            if result is not None:
                stored[key] = result.astype(np.float32)
                specs[key] = {"arguments": sample.arguments, "inputs": sample.inputs}
    stored["specs"] = np.array(json.dumps(specs, sort_keys=True))
    np.savez_compressed(Path(__file__).with_name("pytorch.npz"), **stored)
    print(len(specs), "samples by PyTorch", torch.__version__)


if __name__ == "__main__":
    main()
