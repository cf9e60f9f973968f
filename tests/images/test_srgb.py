"""Checks that every kind of picture becomes the sRGB picture that a viewer would show."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from artvec.core.types import Preprocessing, Skipped
from artvec.images.decode import decode_sample
from artvec.images.find import sample_of
from artvec.images.srgb import UnsupportedMode, to_srgb

# Primaries as an ICC profile holds them: one row of XYZ (D50) for each of red, green, blue.
DISPLAY_P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141))


def _profile(space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Lay out a minimal ICC version 2 profile: header, tag table, tags of four-byte multiples."""
    white = struct.pack(">3i", 63_190, 65_536, 54_061)  # D50, as 16.16 fixed point
    tags = {b"wtpt": b"XYZ \0\0\0\0" + white, **tags}
    offset, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    head = struct.pack(
        ">I4xI4s4s4s12x4s", offset + len(body), 2 << 24, b"scnr", space, connection, b"acsp"
    )
    return (head.ljust(68, b"\0") + white).ljust(128, b"\0") + table + body


def _gamma(exponent: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(exponent * 256))


def _srgb_curve() -> bytes:
    """Write the curve of sRGB as 1,024 points, as the profile in most cameras' files does."""
    code = np.linspace(0.0, 1.0, 1024)
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return (
        b"curv\0\0\0\0" + struct.pack(">I", 1024) + (light * 65_535).round().astype(">u2").tobytes()
    )


def _rgb_profile(primaries: tuple[tuple[float, ...], ...], curve: bytes) -> bytes:
    tags = {}
    for letter, xyz in zip("rgb", primaries, strict=True):
        fixed = struct.pack(">3i", *(round(value * 65_536) for value in xyz))
        tags[f"{letter}XYZ".encode()] = b"XYZ \0\0\0\0" + fixed
        tags[f"{letter}TRC".encode()] = curve
    return _profile(b"RGB ", b"XYZ ", tags)


P3 = _rgb_profile(DISPLAY_P3, _gamma(2.25))
LINEAR_GREY = _profile(b"GRAY", b"XYZ ", {b"kTRC": _gamma(1.0)})


def _black_ink_profile() -> bytes:
    """A CMYK profile by table in which L* falls from 100 to 0 with black ink, others ignored."""
    ramp = bytes(range(256))
    corners = b"".join(bytes([255 * (1 - at % 2), 128, 128]) for at in range(16))  # Lab, K last
    identity = struct.pack(">9i", *(65_536 * (at % 4 == 0) for at in range(9)))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + 4 * ramp + corners + 3 * ramp
    return _profile(b"CMYK", b"Lab ", {b"A2B0": table})


def _saved(image: Image.Image, form: str, **options: object) -> Image.Image:
    """Return a picture as it comes out of a file."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    opened = Image.open(buffer)
    opened.load()
    return opened


def _seen(image: Image.Image) -> np.ndarray:
    shown = to_srgb(image)
    assert shown.mode == "RGB"
    assert shown.size == image.size
    return np.asarray(shown).astype(int)


def _grey(values: list[float], kind: str, form: str = "TIFF", **options: object) -> list[int]:
    """Return what grey values of a numpy type become, one row of pixels."""
    seen = _seen(_saved(Image.fromarray(np.array([values], dtype=kind)), form, **options))
    assert (seen == seen[:, :, :1]).all()
    return seen[0, :, 0].tolist()


def _noise(mode_channels: int = 3) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (32, 48, mode_channels), dtype=np.uint8)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(form: str) -> None:
    """Value × 255 / 65535, rounded; Pillow's own conversion would show white from 255 on."""
    assert _grey([0, 255, 257, 32_768, 65_535], "uint16", form) == [0, 1, 1, 128, 255]


def test_16_bit_grey_with_a_transparent_value_is_scaled_too() -> None:
    """The value 9 is transparent, the others are what they would be without it."""
    values = [9, 32_768, 16_384, 65_535]
    assert _grey(values, "uint16", "PNG", transparency=9) == [255, 128, 64, 255]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([0, 128, 255], "int32", [0, 128, 255]),  # 8-bit values in a wide picture
        ([0, 32_768, 65_535], "int32", [0, 128, 255]),  # 16-bit values
        ([0, 1_073_741_824, 2_147_483_647], "int32", [0, 64, 128]),  # of 32 unsigned bits
        ([-5, 100, 255], "int32", [0, 100, 255]),
        ([0.0, 0.25, 0.5, 1.0], "float32", [0, 64, 128, 255]),
        ([0.0, 64.0, 128.0, 255.0], "float32", [0, 64, 128, 255]),
        ([0.0, 32_767.5, 65_535.0], "float32", [0, 128, 255]),
        ([-0.5, 0.2, 0.8], "float32", [0, 51, 204]),
    ],
)
def test_wide_grey_is_scaled_by_the_scale_that_holds_it(
    values: list[float], kind: str, expected: list[int]
) -> None:
    assert _grey(values, kind) == expected


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_colours_are_refused(tmp_path: Path, value: float) -> None:
    image = Image.fromarray(np.array([[0.5, value]], dtype=np.float32))
    with pytest.raises(UnsupportedMode):
        to_srgb(image)
    image.save(tmp_path / "a.tif")
    wanted = Preprocessing(8, 8, "squash", "bicubic", (0.5,) * 3, (0.5,) * 3)
    skipped = decode_sample(sample_of(tmp_path / "a.tif"), wanted, "exact")
    assert isinstance(skipped, Skipped)
    assert (skipped.stage, skipped.reason) == ("decode", "unsupported_mode")


def test_one_bit_is_black_and_white() -> None:
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert _seen(_saved(image, "PNG")).tolist() == [[[0] * 3, [255] * 3]]


def test_rgb_stays_as_it_is() -> None:
    assert np.array_equal(_seen(_saved(Image.fromarray(_noise()), "PNG")), _noise())


def test_half_transparent_colours_lie_on_white() -> None:
    """Alpha 128: value × 128/255 + 255 × 127/255, so that 200, 100, 0 become 227, 177, 127."""
    image = _saved(Image.new("RGBA", (1, 1), (200, 100, 0, 128)), "PNG")
    assert _seen(image).tolist() == [[[227, 177, 127]]]


def test_any_transparency_lies_on_white() -> None:
    values = _noise(4)
    alpha = values[..., 3:] / 255.0
    expected = values[..., :3] * alpha + 255.0 * (1.0 - alpha)
    seen = _seen(_saved(Image.fromarray(values, "RGBA"), "PNG"))
    assert np.abs(seen - expected).max() <= 1


def test_transparent_grey_lies_on_white() -> None:
    image = Image.fromarray(np.array([[[100, 128], [100, 0], [100, 255]]], dtype=np.uint8), "LA")
    assert _seen(_saved(image, "PNG"))[0, :, 0].tolist() == [177, 255, 100]


def test_a_palette_may_be_transparent() -> None:
    """Two entries, red and blue; the second fully, then half transparent."""
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    assert _seen(_saved(image, "PNG")).tolist() == [[[255, 0, 0], [0, 0, 255]]]
    assert _seen(_saved(image, "PNG", transparency=1)).tolist() == [[[255, 0, 0], [255] * 3]]
    half = _saved(image, "PNG", transparency=bytes([255, 128]))
    assert _seen(half).tolist() == [[[255, 0, 0], [127, 127, 255]]]
    assert _seen(_saved(image, "GIF", transparency=1)).tolist() == [[[255, 0, 0], [255] * 3]]


def test_one_colour_may_be_transparent() -> None:
    """PNG's tRNS: every pixel of just this colour shows the paper."""
    image = Image.new("RGB", (2, 1), (200, 100, 0))
    image.putpixel((1, 0), (200, 100, 1))
    seen = _seen(_saved(image, "PNG", transparency=(200, 100, 0)))
    assert seen.tolist() == [[[255, 255, 255], [200, 100, 1]]]


@pytest.mark.parametrize(
    ("ink", "expected"),
    [
        ((0, 0, 0, 0), (255, 255, 255)),
        ((0, 255, 255, 0), (255, 0, 0)),
        ((255, 0, 0, 0), (0, 255, 255)),
        ((0, 0, 0, 255), (0, 0, 0)),
        ((0, 128, 0, 55), (200, 100, 200)),  # (255 - 55) × (1 - ink / 255)
    ],
)
@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile(form: str, ink: tuple[int, ...], expected: tuple[int, ...]) -> None:
    image = _saved(Image.new("CMYK", (8, 8), ink), form)
    assert np.abs(_seen(image) - expected).max() <= 2


def test_cmyk_with_a_profile() -> None:
    """Half the black ink is L* 50, which sRGB writes as 119; without the profile it were 127."""
    image = _saved(
        Image.new("CMYK", (8, 8), (0, 0, 0, 128)), "JPEG", icc_profile=_black_ink_profile()
    )
    assert np.abs(_seen(image) - 118.5).max() <= 1.5


def test_lab_is_what_it_was_made_from() -> None:
    original = Image.fromarray(_noise()).resize((48, 32), Image.Resampling.BICUBIC)
    transform = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = _saved(ImageCms.applyTransform(original, transform), "TIFF")
    assert lab.mode == "LAB"
    assert np.abs(_seen(lab) - np.asarray(original)).mean() < 2  # eight bits of Lab are coarse


def test_ycbcr_is_converted() -> None:
    image = _saved(Image.new("YCbCr", (8, 8), (100, 128, 128)), "TIFF")
    assert (_seen(image) == 100).all()


def _from_p3(values: np.ndarray) -> np.ndarray:
    """Write the way from Display P3 (gamma 2.25) to sRGB out: light, XYZ, light, code."""
    light = (values / 255.0) ** 2.25 @ np.array(DISPLAY_P3) @ np.linalg.inv(np.array(SRGB))
    light = np.clip(light, 0.0, 1.0)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return 255.0 * coded


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_wide_gamut_is_converted(form: str) -> None:
    """Whatever the file: the stored values, through formulas and through littleCMS itself."""
    smooth = Image.fromarray(_noise()[:4, :5]).resize((48, 32), Image.Resampling.BICUBIC)
    image = _saved(smooth, form, icc_profile=P3)
    stored = np.asarray(image)
    seen = _seen(image)
    assert np.abs(seen - _from_p3(stored)).max() <= 2
    by_littlecms = ImageCms.profileToProfile(
        Image.fromarray(stored),
        ImageCms.ImageCmsProfile(io.BytesIO(P3)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert np.abs(seen - np.asarray(by_littlecms)).max() <= 1
    assert np.abs(seen - stored).max() > 20


def test_transparency_and_palettes_keep_their_profile() -> None:
    """The colour is converted first, then laid on white."""
    values = np.full((4, 4, 4), [60, 200, 60, 128], dtype=np.uint8)
    expected = _from_p3(values[..., :3]) * 128 / 255 + 127
    seen = _seen(_saved(Image.fromarray(values, "RGBA"), "PNG", icc_profile=P3))
    assert np.abs(seen - expected).max() <= 2
    palette = Image.fromarray(values[..., :3]).quantize(2)
    seen = _seen(_saved(palette, "PNG", icc_profile=P3))
    assert np.abs(seen - _from_p3(values[..., :3])).max() <= 2


@pytest.mark.parametrize(
    "profile",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        _rgb_profile(SRGB, _srgb_curve()),
    ],
    ids=["littleCMS", "camera"],
)
def test_an_srgb_profile_changes_nothing(profile: bytes) -> None:
    """To the bit, so that stripping the profile of a picture leaves its embedding alone."""
    image = _saved(Image.fromarray(_noise()), "PNG", icc_profile=profile)
    assert np.array_equal(_seen(image), _noise())


@pytest.mark.parametrize(
    "profile",
    [b"junk", bytes(200), P3[:140], P3[:128] + b"\xff" * 300, LINEAR_GREY],
    ids=["junk", "zeros", "cut", "broken tags", "of grey pictures"],
)
def test_a_useless_profile_is_ignored(profile: bytes) -> None:
    image = _saved(Image.fromarray(_noise()), "PNG", icc_profile=profile)
    assert np.array_equal(_seen(image), _noise())


def test_grey_follows_a_profile_of_grey_or_of_three_equal_channels() -> None:
    """Half of the light is 188 in sRGB; by the gamma 2.25 of the other profile, 128 is 127."""
    image = Image.new("L", (4, 4), 128)
    assert np.abs(_seen(_saved(image, "PNG", icc_profile=LINEAR_GREY)) - 188).max() <= 1
    assert (_seen(_saved(image, "PNG", icc_profile=P3)) == 127).all()
    assert (_seen(_saved(image, "PNG")) == 128).all()
