"""Images as inputs."""

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from cnncalc.diagnostics import CnncalcError
from cnncalc.interop.images import read_image

RGB = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]], [[51, 102, 153], [0, 0, 0]]], np.uint8)


@pytest.fixture
def picture(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "x.png")
    return tmp_path / "x.png"


def refused(code, *arguments, **options):
    with pytest.raises(CnncalcError) as caught:
        read_image(*arguments, **options)
    assert caught.value.diagnostics[0].code == code
    return caught.value.diagnostics[0]


def test_colours_become_channels_from_0_to_1(picture):
    x = read_image(picture, (3, 3, 2))
    assert x.shape == (1, 3, 3, 2) and x.dtype == np.float32
    np.testing.assert_allclose(x[0], np.moveaxis(RGB / 255, 2, 0), rtol=1e-6)


def test_one_channel_is_grayscale(picture):
    # ITU-R 601-2, as Pillow documents its mode L: L = R * 299/1000 + G * 587/1000 + B * 114/1000.
    expected = RGB @ np.array([0.299, 0.587, 0.114]) / 255
    np.testing.assert_allclose(read_image(picture, (1, 3, 2))[0, 0], expected, atol=1 / 255)


@pytest.mark.parametrize("suffix", ["bmp", "jpg", "png"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_formats_and_modes(tmp_path, suffix, mode):
    Image.new(mode, (4, 5), 128 if mode == "L" else (128, 128, 128)).save(tmp_path / f"x.{suffix}")
    np.testing.assert_allclose(read_image(tmp_path / f"x.{suffix}", (3, 5, 4)), 128 / 255, atol=0.01)


def test_transparent_and_palette_pictures_are_read(tmp_path):
    for mode in ("RGBA", "P", "LA", "1"):
        Image.new(mode, (4, 5)).save(tmp_path / "x.png")
        assert read_image(tmp_path / "x.png", (3, 5, 4)).shape == (1, 3, 5, 4)


def test_mean_and_std_a_channel(picture):
    x = read_image(picture, (3, 3, 2), mean=[0.1, 0.2, 0.3], std=[0.5, 1, 2])
    expected = (RGB / 255 - [0.1, 0.2, 0.3]) / [0.5, 1, 2]
    np.testing.assert_allclose(x[0], np.moveaxis(expected, 2, 0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        read_image(picture, (3, 3, 2), mean=[0.5]), read_image(picture, (3, 3, 2)) - 0.5, atol=1e-6
    )


@pytest.mark.parametrize("options", [{"mean": [0, 0]}, {"std": [1, 0, 1]}, {"std": []}, {"mean": [float("nan")]}])
def test_a_mean_or_std_that_does_not_fit(picture, options):
    refused("E612", picture, (3, 3, 2), **options)


def test_resize_and_crop(tmp_path):
    # Columns 0..99 hold their own number; the centre 40 of them are 30..69.
    ramp = np.tile(np.arange(100, dtype=np.uint8), (60, 1))
    Image.fromarray(ramp).save(tmp_path / "x.png")
    x = read_image(tmp_path / "x.png", (1, 20, 40), crop=(20, 40))
    np.testing.assert_allclose(x[0, 0, 0] * 255, np.arange(30, 70), atol=1e-3)
    # The shorter side, 60, becomes 30, so 100 becomes 50.
    half = read_image(tmp_path / "x.png", (1, 30, 50), resize=30)
    np.testing.assert_allclose(half[0, 0, 0] * 255, np.arange(50) * 2 + 0.5, atol=1)
    assert read_image(tmp_path / "x.png", (1, 7, 9), resize=(7, 9)).shape == (1, 1, 7, 9)


@pytest.mark.parametrize(("height", "width"), [(60, 100), (100, 60), (33, 57), (500, 7)])
@pytest.mark.parametrize("wanted", [(32, 32), (224, 224), (20, 50)])
def test_the_advice_for_another_size_works(tmp_path, height, width, wanted):
    Image.new("L", (width, height)).save(tmp_path / "x.png")
    help = refused("E611", tmp_path / "x.png", (1, *wanted)).help
    whole = f"{wanted[0]}x{wanted[1]}"
    assert f"--resize {whole}" in help
    side = int(help.split("--resize ")[2].split(" ")[0])
    assert read_image(tmp_path / "x.png", (1, *wanted), resize=wanted).shape == (1, 1, *wanted)
    assert read_image(tmp_path / "x.png", (1, *wanted), resize=side, crop=wanted).shape == (1, 1, *wanted)


def test_a_crop_outside_is_refused(picture):
    refused("E611", picture, (3, 4, 2), crop=(4, 2))
    refused("E611", picture, (3, 0, 2), crop=(0, 2))


@pytest.mark.parametrize("shape", [(6,), (2, 3, 2), (3, 6), (3, 1, 3, 2)])
def test_networks_that_take_no_image(picture, shape):
    refused("E611", picture, shape)


def test_other_formats_and_damage(tmp_path, picture):
    Image.fromarray(RGB).save(tmp_path / "x.gif")
    refused("E610", tmp_path / "x.gif", (3, 3, 2))
    (tmp_path / "x.jpg").write_text("not an image")
    refused("E610", tmp_path / "x.jpg", (3, 3, 2))
    whole = picture.read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    refused("E610", tmp_path / "cut.png", (3, 3, 2))


def test_what_is_no_file(tmp_path):
    refused("E120", tmp_path / "none.png", (3, 3, 2))
    refused("E122", tmp_path, (3, 3, 2))
    os.mkfifo(tmp_path / "pipe.png")
    refused("E123", tmp_path / "pipe.png", (3, 3, 2))


@pytest.mark.parametrize("side", [10_001, 20_000, 2**31 - 1])
def test_a_decompression_bomb_is_refused_from_its_header(tmp_path, side):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(data)
    refused("E403", tmp_path / "bomb.png", (3, 3, 2))


def test_a_resize_out_of_range_is_refused(picture):
    refused("E403", picture, (3, 3, 2), resize=(10**6, 10**6))
    refused("E403", picture, (3, 3, 2), resize=(0, 2))
