"""Write golden/keras_counts.json: the FLOPs that TensorFlow's profiler prints for layers and networks of Keras 2.

Run with tensorflow-cpu 2.21.0 and tf-keras 2.21.0 installed: `python tests/data/make_keras_counts.py`. Each row is a
spec of cnncalc and what the profiler prints for the same network, channels last, its variables made constants.
"""

import json
import os
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2_as_graph
from tf_keras import Input, Model, layers


def flops(model, shape, batch):
    """Return what the profiler prints."""
    traced = tf.function(lambda x: model(x, training=False)).get_concrete_function(tf.TensorSpec([batch, *shape]))
    _, definition = convert_variables_to_constants_v2_as_graph(traced)
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(definition, name="")
        options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        options["output"] = "none"
        return tf.compat.v1.profiler.profile(graph=graph, options=options).total_float_ops


IMAGE, SIGNAL, VOLUME, VECTOR = [8, 16, 16], [4, 20], [2, 4, 5, 6], [32]


def conv(kind, out, kernel, **more):
    return {"type": kind, "out_channels": out, "kernel_size": kernel, **more}


def activation(name, kind, shape=IMAGE):
    return name, [kind], shape, [layers.Activation(name)]


SINGLE = [
    ("Conv2D", [conv("Conv2d", 8, 3, padding=1)], IMAGE, [layers.Conv2D(8, 3, padding="same")]),
    ("Conv2D strided", [conv("Conv2d", 5, 3, stride=2, bias=False)], IMAGE, [layers.Conv2D(5, 3, 2, use_bias=False)]),
    ("Conv2D grouped", [conv("Conv2d", 8, 3, groups=4)], IMAGE, [layers.Conv2D(8, 3, groups=4)]),
    (
        "DepthwiseConv2D",
        [conv("Conv2d", 8, 3, groups=8)],
        IMAGE,
        [layers.DepthwiseConv2D(3)],
    ),
    ("Conv1D", [conv("Conv1d", 6, 3)], SIGNAL, [layers.Conv1D(6, 3)]),
    ("Conv3D", [conv("Conv3d", 4, 3)], VOLUME, [layers.Conv3D(4, 3)]),
    (
        "Conv2DTranspose same",
        [conv("ConvTranspose2d", 6, 4, stride=2, padding=1)],
        IMAGE,
        [layers.Conv2DTranspose(6, 4, 2, padding="same")],
    ),
    (
        "Conv2DTranspose valid",
        [conv("ConvTranspose2d", 6, 4, stride=2, bias=False)],
        IMAGE,
        [layers.Conv2DTranspose(6, 4, 2, use_bias=False)],
    ),
    ("Dense", [{"type": "Linear", "out_features": 10}], VECTOR, [layers.Dense(10)]),
    (
        "Dense alone",
        [{"type": "Linear", "out_features": 10, "bias": False}],
        VECTOR,
        [layers.Dense(10, use_bias=False)],
    ),
    ("BatchNormalization", ["BatchNorm2d"], IMAGE, [layers.BatchNormalization()]),
    ("BatchNormalization 3-d", ["BatchNorm3d"], VOLUME, [layers.BatchNormalization()]),
    ("BatchNormalization 1-d", ["BatchNorm1d"], SIGNAL, [layers.BatchNormalization()]),
    ("BatchNormalization vector", ["BatchNorm1d"], VECTOR, [layers.BatchNormalization()]),
    (
        "BatchNormalization plain",
        [{"type": "BatchNorm1d", "affine": False}],
        SIGNAL,
        [layers.BatchNormalization(center=False, scale=False)],
    ),
    ("LayerNormalization", ["LayerNorm2d"], IMAGE, [layers.LayerNormalization(axis=-1)]),
    (
        "LayerNormalization all",
        [{"type": "LayerNorm", "normalized_shape": IMAGE}],
        IMAGE,
        [layers.LayerNormalization(axis=[1, 2, 3])],
    ),
    ("ReLU", ["ReLU"], IMAGE, [layers.ReLU()]),
    ("ReLU6", ["ReLU6"], IMAGE, [layers.ReLU(max_value=6.0)]),
    ("LeakyReLU", ["LeakyReLU"], IMAGE, [layers.LeakyReLU()]),
    ("PReLU", [{"type": "PReLU", "num_parameters": 8}], IMAGE, [layers.PReLU(shared_axes=[1, 2])]),
    ("ELU", ["ELU"], IMAGE, [layers.ELU()]),
    activation("swish", "SiLU"),
    activation("gelu", "GELU"),
    activation("sigmoid", "Sigmoid"),
    activation("tanh", "Tanh"),
    activation("mish", "Mish"),
    activation("softplus", "Softplus"),
    ("log_softmax", [{"type": "LogSoftmax", "dim": 1}], VECTOR, [layers.Lambda(tf.nn.log_softmax)]),
    ("Softmax", [{"type": "Softmax", "dim": 1}], IMAGE, [layers.Softmax()]),
    ("MaxPooling2D", [{"type": "MaxPool2d", "kernel_size": 2}], IMAGE, [layers.MaxPooling2D(2)]),
    (
        "AveragePooling2D",
        [{"type": "AvgPool2d", "kernel_size": 3, "stride": 2}],
        IMAGE,
        [layers.AveragePooling2D(3, 2)],
    ),
    ("MaxPooling1D", [{"type": "MaxPool1d", "kernel_size": 3, "stride": 2}], SIGNAL, [layers.MaxPooling1D(3, 2)]),
    ("AveragePooling1D", [{"type": "AvgPool1d", "kernel_size": 2}], SIGNAL, [layers.AveragePooling1D(2)]),
    ("MaxPooling3D", [{"type": "MaxPool3d", "kernel_size": 2}], VOLUME, [layers.MaxPooling3D(2)]),
    ("AveragePooling3D", [{"type": "AvgPool3d", "kernel_size": 2}], VOLUME, [layers.AveragePooling3D(2)]),
    ("GlobalAveragePooling1D", ["GlobalAvgPool1d"], SIGNAL, [layers.GlobalAveragePooling1D()]),
    (
        "GlobalAveragePooling2D",
        [{"type": "AdaptiveAvgPool2d", "output_size": 1}],
        IMAGE,
        [layers.GlobalAveragePooling2D()],
    ),
    ("GlobalAveragePooling3D", ["GlobalAvgPool3d"], VOLUME, [layers.GlobalAveragePooling3D()]),
    ("GlobalMaxPooling2D", ["GlobalMaxPool2d"], IMAGE, [layers.GlobalMaxPooling2D()]),
    ("mean", [{"type": "Mean", "dim": [2, 3]}], IMAGE, [layers.Lambda(lambda x: tf.reduce_mean(x, [1, 2]))]),
    ("UpSampling2D", [{"type": "Upsample", "scale_factor": 2}], IMAGE, [layers.UpSampling2D(2)]),
    (
        "UpSampling2D bilinear",
        [{"type": "Upsample", "scale_factor": 2, "mode": "bilinear"}],
        IMAGE,
        [layers.UpSampling2D(2, interpolation="bilinear")],
    ),
    ("UpSampling1D", [{"type": "Upsample", "scale_factor": 2}], SIGNAL, [layers.UpSampling1D(2)]),
    ("Flatten", ["Flatten"], IMAGE, [layers.Flatten()]),
    ("Dropout", ["Dropout"], IMAGE, [layers.Dropout(0.5)]),
    ("SpatialDropout2D", ["Dropout2d"], IMAGE, [layers.SpatialDropout2D(0.5)]),
    ("AlphaDropout", ["AlphaDropout"], IMAGE, [layers.AlphaDropout(0.5)]),
    ("ZeroPadding2D", [{"type": "ZeroPad2d", "padding": 1}], IMAGE, [layers.ZeroPadding2D(1)]),
    ("Cropping2D", [{"type": "CenterCrop", "size": 12}], IMAGE, [layers.Cropping2D(2)]),
    (
        "a network",
        [
            conv("Conv2d", 6, 5),
            "Sigmoid",
            {"type": "MaxPool2d", "kernel_size": 2},
            conv("Conv2d", 16, 3, padding=1, bias=False),
            "BatchNorm2d",
            "ReLU",
            "GlobalAvgPool2d",
            "Flatten",
            {"type": "Linear", "out_features": 10},
            {"type": "Softmax", "dim": 1},
        ],
        IMAGE,
        [
            layers.Conv2D(6, 5, activation="sigmoid"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax"),
        ],
    ),
]
MERGES = [
    ("Add", 3, layers.Add()),
    ("Multiply", 2, layers.Multiply()),
    ("Concat", 2, layers.Concatenate()),
]


def main():
    """Write the file."""
    found = {}
    for name, items, shape, made in SINGLE:
        x = y = Input([*shape[1:], shape[0]])
        for layer in made:
            y = layer(y)
        for batch in (1, 3):
            total = flops(Model(x, y), [*shape[1:], shape[0]], batch)
            found[f"{name} {batch}"] = {"spec": {"input": shape, "layers": items}, "batch": batch, "total": total}
    for kind, times, layer in MERGES:
        x = Input([16, 16, 8])
        item = {"type": kind, "from": ["input"] * times}
        total = flops(Model(x, layer([x] * times)), [16, 16, 8], 1)
        found[kind] = {"spec": {"input": IMAGE, "layers": [item]}, "batch": 1, "total": total}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in found.items())
    (Path(__file__).parent / "golden" / "keras_counts.json").write_text("{\n" + lines + "\n}\n")
    print(len(found), "by TensorFlow", tf.__version__)


main()
