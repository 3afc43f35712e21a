"""What can be asked of a network: a quantity of a layer or of the whole, and the names people give it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic, Span, did_you_mean
from cnncalc.text import later, say

TOTAL = "total"
"""The place of what is asked of the whole network."""

Kind = Literal["number", "shape", "size"]
"""How a value is written: one number; channels and sizes; or a side, which may also be written an axis (14x14)."""


class Quantity(NamedTuple):
    """One thing to ask. `unit`: of its number, for those that have one. `places`: where it can be asked of."""

    title: str
    kind: Kind
    unit: str = ""
    of_layer: bool = True
    of_total: bool = False


QUANTITIES: Mapping[str, Quantity] = {
    "output_shape": Quantity(later("output shape"), "shape"),
    "output_channels": Quantity(later("channels of the output"), "number"),
    "output_depth": Quantity(later("depth of the output"), "number"),
    "output_height": Quantity(later("height of the output"), "number"),
    "output_width": Quantity(later("width of the output"), "number"),
    "output_length": Quantity(later("length of the output"), "number"),
    "output_elements": Quantity(later("elements of the output"), "number", "element"),
    "parameters": Quantity(later("parameters"), "number", "parameter", of_total=True),
    "weights": Quantity(later("weights, without biases"), "number", "parameter", of_total=True),
    "biases": Quantity(later("biases"), "number", "parameter", of_total=True),
    "buffers": Quantity(later("stored numbers that are not trained"), "number", "parameter", of_total=True),
    "macs": Quantity(later("multiply-accumulates (MACs)"), "number", "MAC", of_total=True),
    "flops": Quantity(later("FLOPs"), "number", "FLOP", of_total=True),
    "receptive_field": Quantity(later("receptive field"), "size", "px"),
    "jump": Quantity(later("jump between neighbouring receptive fields"), "size", "px"),
    "memory": Quantity(later("memory of the output"), "number", "B", of_total=True),
    "parameter_memory": Quantity(later("memory of the parameters"), "number", "B", of_total=True),
    "peak_memory": Quantity(
        later("most memory of feature maps alive at once"), "number", "B", of_layer=False, of_total=True
    ),
    "locally_connected": Quantity(later("parameters without weight sharing"), "number", "parameter"),
    "fully_connected": Quantity(later("parameters of a full connection"), "number", "parameter"),
    "output": Quantity(later("element of the output"), "number"),
    "kernel_size": Quantity(later("kernel size"), "size"),
    "stride": Quantity(later("stride"), "size"),
    "padding": Quantity(later("padding on each side"), "size"),
    "dilation": Quantity(later("dilation"), "size"),
    "groups": Quantity(later("groups"), "number"),
    "out_channels": Quantity(later("number of filters"), "number"),
    "out_features": Quantity(later("number of units"), "number"),
}
"""Every quantity by its one name, in the order in which they are listed to people."""

ARGUMENTS = ("kernel_size", "stride", "padding", "dilation", "groups", "out_channels", "out_features")
"""The quantities that are arguments of a layer: what a condition can be solved for."""

AXES = ("output_channels", "output_depth", "output_height", "output_width", "output_length")

_ALSO: Mapping[str, tuple[str, ...]] = {
    "output_shape": (
        "shape",
        "output_size",
        "out_shape",
        "size",
        "feature_map",
        "dimensions",
        "输出形状",
        "形状",
        "输出尺寸",
        "输出",
        "输出大小",
    ),
    "output_channels": ("channels", "depth_of_output", "输出通道", "输出通道数", "通道数"),
    "output_depth": ("depth", "深度"),
    "output_height": ("height", "高", "高度", "输出高度"),
    "output_width": ("width", "宽", "宽度", "输出宽度"),
    "output_length": ("length", "长度", "输出长度"),
    "output_elements": ("elements", "units", "neurons", "neurones", "activations", "神经元数", "元素数"),
    "parameters": (
        "params",
        "param",
        "parameter",
        "parameter_count",
        "learnable_parameters",
        "#params",
        "参数",
        "参数量",
    ),
    "weights": ("weight", "权重", "权重数"),
    "biases": ("bias", "偏置", "偏置数"),
    "buffers": ("buffer", "缓冲", "缓冲区"),
    "macs": ("mac", "madds", "mult_adds", "multiply_adds", "multiply_accumulates", "乘加", "乘加次数", "乘加数"),
    "flops": ("flop", "浮点运算", "浮点运算次数", "计算量"),
    "receptive_field": ("rf", "receptive_field_size", "感受野"),
    "jump": ("effective_stride", "total_stride", "cumulative_stride", "跳距", "累积步幅"),
    "memory": ("activation_memory", "output_memory", "bytes", "mem", "内存", "输出内存"),
    "parameter_memory": ("parameters_memory", "weight_memory", "model_size", "参数内存", "模型大小"),
    "peak_memory": ("peak", "内存峰值", "峰值内存"),
    "locally_connected": ("without_sharing", "局部连接"),
    "fully_connected": ("full_connection", "全连接"),
    "output": ("value", "element", "输出值", "值"),
    "kernel_size": ("kernel", "filter_size", "卷积核", "卷积核大小"),
    "stride": ("strides", "步幅", "步长"),
    "padding": ("pad", "填充"),
    "dilation": ("膨胀", "膨胀率", "空洞率"),
    "groups": ("group", "分组", "组数"),
    "out_channels": ("filters", "num_filters", "滤波器数", "卷积核数"),
    "out_features": ("单元数",),
}

_TOTAL_NAMES = {TOTAL, "totals", "network", "net", "model", "whole", "all", "总计", "合计", "网络", "总"}

BY_NAME: Mapping[str, str] = {
    **{name: name for name in QUANTITIES},
    **{other: name for name, others in _ALSO.items() for other in others},
}
"""Every name of a quantity, folded, to its one name."""


class Asked(NamedTuple):
    """A quantity of a place: a layer's full name, or TOTAL. `at`: of `output`, the element (c, y, x)."""

    place: str
    quantity: str
    at: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """As an answer file writes it: `conv1.output_shape`, `pool1.output[0,1,2]`."""
        index = f"[{','.join(map(str, self.at))}]" if self.at else ""
        return f"{self.place}.{self.quantity}{index}"

    @property
    def about(self) -> Quantity:
        """What kind of thing it is."""
        return QUANTITIES[self.quantity]


def read_key(text: str, places: Collection[str], span: Span | None = None) -> Asked:
    """Return what a key asks for; `places` are the network's layer names. Raises CnncalcError (E501, E502).

    Case, spaces and hyphens do not matter, and full-width letters are read: `Conv1 . Output Shape`, `conv1 output
    shape` and `conv1.output` are `conv1.output_shape`; `output` is an element only with its place. A quantity alone is
    of the whole: `parameters` is `total.parameters`.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    head, index = _index(plain)
    place, dot, name = head.rpartition(".")
    if not dot:
        place, name = _apart(head, places)
    quantity = quantity_of(name)
    if quantity is None:
        raise _no_quantity(text, name, span)
    if quantity == "output" and not index:
        quantity = "output_shape"
    if index and quantity != "output":
        raise _error(
            "E501",
            say("{key}: only output has elements to ask for", key=text),
            span,
            say("write {key}", key=f"{place}.{quantity}"),
        )
    return Asked(_place(place.strip(), places, text, span), quantity, index)


def quantity_of(name: str) -> str | None:
    """Return a quantity's one name, or None where nobody calls a quantity so."""
    folded = re.sub(r"[\s_\-]+", "_", name.strip().casefold())
    return BY_NAME.get(folded)


def _apart(text: str, places: Collection[str]) -> tuple[str, str]:
    """Return place and quantity of a key without a dot: `conv1 macs`, or a quantity alone, which is of the whole."""
    for cut in re.finditer(r"[\s_]+", text):
        place, name = text[: cut.start()], text[cut.end() :]
        if quantity_of(name) and (place in places or place.casefold() in _TOTAL_NAMES):
            return place, name
    return TOTAL, text


def _index(text: str) -> tuple[str, tuple[int, ...]]:
    found = re.fullmatch(r"(.*?)\s*\[\s*([0-9]{1,9}(?:\s*[,x ]\s*[0-9]{1,9}){0,3})\s*\]", text, re.DOTALL)
    if not found:
        return text, ()
    return found[1], tuple(int(part) for part in re.split(r"\s*[,x ]\s*", found[2]))


def _place(name: str, places: Collection[str], text: str, span: Span | None) -> str:
    if name in places:
        return name
    if name.casefold() in _TOTAL_NAMES:
        return TOTAL
    near = did_you_mean(name, places)
    if near is not None and near.casefold() == name.casefold():
        return near
    help = (
        say("did you mean {name}?", name=near)
        if near
        else say("there are {names}", names=", ".join([*list(places)[:12], TOTAL]))
    )
    raise _error("E502", say("{key}: the network has no layer {name}", key=text, name=name), span, help)


def _no_quantity(text: str, name: str, span: Span | None) -> CnncalcError:
    near = did_you_mean(name.strip(), BY_NAME)
    help = say("did you mean {name}?", name=near) if near else say("there are {names}", names=", ".join(QUANTITIES))
    return _error("E501", say("{key}: there is no quantity {name}", key=text, name=name), span, help)


def _error(code: str, message: str, span: Span | None, help: str) -> CnncalcError:
    return CnncalcError([Diagnostic(code, message, span, help)])
