"""Makes torchvision.npz: what torchvision's own models compute with cnncalc's weights and inputs.

Needs torch and torchvision; run from the repository's root. Names and shapes are proven by `load_state_dict`, the
wiring and the arithmetic by the outputs. make_networks.py does the same for networks written in plain torch.nn.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torchvision import models

import cnncalc
from cnncalc.engine.tensors import random_input, random_weights

ROOT = Path(__file__).parents[2]
SHAPES: dict[str, tuple[int, ...]] = {  # those of PROVEN in tests/test_gallery_run.py
    "resnet34": (3, 64, 64),
    "inception_v3": (3, 96, 96),
    "squeezenet1_1": (3, 96, 96),
    "mobilenet_v2": (3, 64, 64),
    "mobilenet_v3_large": (3, 64, 64),
    "mobilenet_v3_small": (3, 64, 64),
    "shufflenet_v2_x1_0": (3, 64, 64),
    "efficientnet_b0": (3, 64, 64),
    "convnext_tiny": (3, 32, 32),
    "r3d_18": (3, 4, 16, 16),
}


def loaded(name: str, weights: dict[str, np.ndarray]) -> torch.nn.Module:
    """Return torchvision's model with these weights; a tensor of as many numbers takes the shape the model has."""
    network = models.get_model(name, weights=None).double().eval()
    state = network.state_dict()
    given = {
        key.replace("layer_scale.weight", "layer_scale"): torch.from_numpy(value) for key, value in weights.items()
    }
    wrong = network.load_state_dict(
        {key: value.reshape(state[key].shape) for key, value in given.items()}, strict=False
    )
    lacking = [key for key in wrong.missing_keys if "num_batches_tracked" not in key and "Aux" not in key]
    assert not lacking and not wrong.unexpected_keys, (lacking, wrong.unexpected_keys)
    return network


def main() -> None:
    outputs: dict[str, np.ndarray] = {}
    for name, shape in SHAPES.items():
        text = (ROOT / f"specs/{name}.yaml").read_text(encoding="utf-8")
        graph = cnncalc.loads(text.partition("\nheads:")[0] + "\n", input_shape=shape)
        network = loaded(name, random_weights(graph, 0, np.float64))
        with torch.inference_mode():
            outputs[name] = network(torch.from_numpy(random_input(graph, 1, 0, np.float64))).numpy()
        print(name, outputs[name].shape, float(np.abs(outputs[name]).max()))
    np.savez_compressed(Path(__file__).with_name("torchvision.npz"), **outputs)


if __name__ == "__main__":
    main()
