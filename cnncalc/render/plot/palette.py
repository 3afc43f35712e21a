"""The colours of the pictures, on a light and on a dark page. What a colour says is always written too."""

from __future__ import annotations

from cnncalc.render.svg import Colors
from cnncalc.text import later

FAMILIES = {
    "convolution": later("convolution"),
    "linear": later("fully connected"),
    "normalisation": later("normalisation"),
    "activation": later("activation"),
    "pooling": later("pooling"),
    "merge": later("joins branches"),
    "other": later("other"),
    "closed": later("several layers"),
}
"""What the legend calls a family of layers (see analysis.outline), and layers that are drawn as a whole."""

_BOXES = {
    "convolution": ("#dce9f7", "#2f6ea5", "#17324d", "#6fa8dc"),
    "linear": ("#eadff5", "#7a4fa3", "#33244a", "#b794e0"),
    "normalisation": ("#dff0ee", "#3b8079", "#15393a", "#6dbcb3"),
    "activation": ("#fbf1d3", "#a67c18", "#3d3315", "#d6b556"),
    "pooling": ("#dff1dc", "#3d8b40", "#1b3a1d", "#7cc47f"),
    "merge": ("#fde5d3", "#c2612a", "#452718", "#e8955f"),
    "other": ("#eceff2", "#6e7781", "#2a3038", "#98a2ae"),
    "closed": ("#f4f4fa", "#5b5f97", "#26283d", "#9ca0d8"),
}
"""Fill and line, light and dark."""


def box_class(family: str) -> str:
    """Return the class of a family's boxes."""
    return f"cnn-{family}"


def box_colors() -> Colors:
    """Return the classes of boxes, frames, lines and arrow heads."""
    boxes = {
        box_class(family): (f"fill:{fill};stroke:{edge}", f"fill:{dark};stroke:{dark_edge}")
        for family, (fill, edge, dark, dark_edge) in _BOXES.items()
    }
    return {
        **boxes,
        "cnn-end": ("fill:#ffffff;stroke:#1b1f24", "fill:#15181d;stroke:#e8eaed"),
        "cnn-frame": ("fill:#1b1f24;fill-opacity:.03;stroke:#8c959f", "fill:#ffffff;fill-opacity:.04;stroke:#6e7781"),
        "cnn-arrow": ("fill:#57606a", "fill:#a3abb5"),
    }


PARAMETERS, MACS = "cnn-parameters", "cnn-macs"
BAR_COLORS: Colors = {
    PARAMETERS: ("fill:#7a4fa3", "fill:#b794e0"),
    MACS: ("fill:#2f6ea5", "fill:#6fa8dc"),
}
