"""An input from a PNG, JPEG or BMP image: decoded, resized, cropped, scaled to 0..1 and normalised."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnncalc.interop.files import failed, open_regular
from cnncalc.text import Shape, number, say, shape_text

FORMATS = ("PNG", "JPEG", "BMP")
MAX_PIXELS = 100_000_000
"""A larger picture is refused from its header, before it is decoded."""
_MODES = {1: "L", 3: "RGB"}


def read_image(
    path: Path,
    input_shape: Shape,
    *,
    resize: int | tuple[int, int] | None = None,
    crop: tuple[int, int] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    dtype: npt.DTypeLike = np.float32,
) -> npt.NDArray[Any]:
    """Read an image as an input (1, C, H, W) of the network's `input_shape`: grayscale for 1 channel, RGB for 3.

    In this order: `resize` (a number: the shorter side, as torchvision; a pair: height and width), bilinear; `crop`
    (height, width) from the centre; values 0..255 to 0..1; (value - mean) / std, one number or one a channel.

    Raises CnncalcError: E120 to E123 no readable file, E610 not an image, E403 too many pixels, E611 a network that
    takes no image or a size that does not fit, E612 a mean or std that does not fit.
    """
    if len(input_shape) != 3 or input_shape[0] not in _MODES:
        message = say(
            "the network takes {shape}, and an image has 1 or 3 channels, height and width",
            shape=shape_text(input_shape),
        )
        raise failed("E611", message, say("give a .npy file of that shape"))
    shift, scale = _per_channel("mean", mean, 0.0, input_shape[0]), _per_channel("std", std, 1.0, input_shape[0])
    if not scale.all():
        raise failed("E612", say("std has a 0, and values are divided by it"))
    picture = _decoded(path, _MODES[input_shape[0]])
    original: tuple[int, int] = (picture.height, picture.width)
    picture = _sized(picture, resize, crop)
    if (picture.height, picture.width) != input_shape[1:]:
        raise _does_not_fit(path, original, (picture.height, picture.width), input_shape[1:])
    pixels = np.asarray(picture, np.float64) / 255
    channels = np.moveaxis(np.reshape(pixels, (*input_shape[1:], input_shape[0])), -1, 0)
    return np.ascontiguousarray(((channels - shift) / scale)[None], dtype)


def _per_channel(name: str, values: Sequence[float] | None, default: float, channels: int) -> npt.NDArray[np.float64]:
    given = [default] if values is None else list(values)
    if len(given) not in (1, channels) or not np.isfinite(given).all():
        message = say(
            "{name} needs one finite number or {channels}, one a channel, and has {count}",
            name=name,
            channels=channels,
            count=len(given),
        )
        raise failed("E612", message)
    return np.reshape(np.broadcast_to(np.array(given, np.float64), (channels,)), (channels, 1, 1))


def _decoded(path: Path, mode: str) -> Any:
    image_module: Any = import_module("PIL.Image")
    errors: Any = (OSError, ValueError, SyntaxError, EOFError, image_module.DecompressionBombError)
    with open_regular(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # our own limit on pixels is below
        try:
            picture = image_module.open(file, formats=list(FORMATS))
            pixels = int(picture.width) * int(picture.height)
            if pixels <= MAX_PIXELS:
                return picture.convert(mode)
        except image_module.DecompressionBombError as error:
            raise failed("E403", say("{path} has too many pixels: {reason}", path=path, reason=error)) from error
        except image_module.UnidentifiedImageError as error:
            message = say("{path} is not an image that is read", path=path)
            raise failed("E610", message, say("PNG, JPEG and BMP are")) from error
        except errors as error:
            raise failed("E610", say("{path} is damaged: {reason}", path=path, reason=error)) from error
    message = say(
        "{path} has {pixels} pixels, more than {most}", path=path, pixels=number(pixels), most=number(MAX_PIXELS)
    )
    raise failed("E403", message)


def _sized(picture: Any, resize: int | tuple[int, int] | None, crop: tuple[int, int] | None) -> Any:
    """Resize, then cut out the centre; both checked against the pixel limit first."""
    if resize is not None:
        height, width = _target(resize, picture.height, picture.width)
        if height < 1 or width < 1 or height * width > MAX_PIXELS:
            raise failed("E403", say("a resize to {height}x{width} is out of range", height=height, width=width))
        bilinear = import_module("PIL.Image").Resampling.BILINEAR
        picture = picture.resize((width, height), bilinear)
    if crop is not None:
        height, width = crop
        if not (1 <= height <= picture.height and 1 <= width <= picture.width):
            message = say(
                "a crop of {crop} does not lie within {size}",
                crop=shape_text(crop),
                size=shape_text((picture.height, picture.width)),
            )
            raise failed("E611", message)
        top, left = round((picture.height - height) / 2), round((picture.width - width) / 2)
        picture = picture.crop((left, top, left + width, top + height))
    return picture


def _target(resize: int | tuple[int, int], height: int, width: int) -> tuple[int, int]:
    """Return the height and width to resize to; a single number is the shorter side, the other in proportion."""
    if not isinstance(resize, int):
        return resize
    short = min(height, width)
    return resize * height // short, resize * width // short


def _does_not_fit(path: Path, original: tuple[int, int], size: tuple[int, int], wanted: Shape) -> Exception:
    message = say(
        "{path} comes to {size}, and the network takes {wanted}",
        path=path,
        size=shape_text(size),
        wanted=shape_text(wanted),
    )
    whole = shape_text(wanted)
    side = max(-(-wanted[0] * min(original) // original[0]), -(-wanted[1] * min(original) // original[1]))
    help = say("use --resize {whole}, or --resize {side} --crop {whole} to keep proportions", whole=whole, side=side)
    return failed("E611", message, help)
