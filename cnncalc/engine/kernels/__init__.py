"""The fast kernels, a file a family."""

FAMILIES = (
    "depthwise",
    "direct",
    "elementwise",
    "movement",
    "narrow",
    "normalisation",
    "normalise_groups",
    "pooling",
    "power_pooling",
    "reduction",
    "resize",
    "response_norm",
    "softmax",
    "winograd",
)
"""The files whose `variants()` return the kernels that plans for this processor may ask for; see engine/warm.py."""
