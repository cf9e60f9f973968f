"""Understand a TIFF's tags: how its pixels are stored, or why they can't be read; none is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from artvec.core.wording import counted
from artvec.images.byte_sources import Undecodable
from artvec.images.tiff.codes import (
    BLACK_IS_ZERO,
    CIELAB,
    CMYK,
    CODECS,
    COLOURS,
    FAX,
    ICCLAB,
    JPEG,
    NONE,
    PREDICTED,
    RGB,
    UNREAD_CODECS,
    UNREAD_COLOURS,
    WHITE_IS_ZERO,
    YCBCR,
    unsupported,
)
from artvec.images.tiff.directory import Directory

_KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}
_MAX_PARTS = 1 << 17
_MAX_SAMPLES = 8
_MAX_PADDED, _MAX_PADDING_PX = 8, 1 << 28


@dataclass(frozen=True, slots=True)
class Alpha:
    """The sample that says how opaque a pixel is.

    Attributes:
        sample: Which one.
        premultiplied: The colours have been multiplied by it.
        is_guess: No tag says that it is one.
    """

    sample: int
    premultiplied: bool
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """How a TIFF's pixels are stored.

    Attributes:
        directory: Its tags.
        width: In pixels, as stored.
        height: In pixels, as stored.
        photometric: What the samples mean.
        colours: How many of a pixel's samples are colours.
        samples: How many a pixel has.
        bits: Of a sample.
        kind: Of a sample: `u` unsigned, `i` signed, `f` float.
        alpha: The sample that is one.
        planes: 1, or as many as samples where each has a plane of its own.
        compression: Codec.
        predictor: 1 none, 2 differences, 3 those of floats' bytes.
        part: (width, height) of a strip or tile, in pixels.
        subsampling: (across, down): the pixels that share a pair of YCbCr's colour differences.
        offsets: Of all parts, plane by plane, row by row.
        counts: Bytes of each.
    """

    directory: Directory
    width: int
    height: int
    photometric: int
    colours: int
    samples: int
    bits: int
    kind: str
    alpha: Alpha | None
    planes: int
    compression: int
    predictor: int
    part: tuple[int, int]
    subsampling: tuple[int, int]
    offsets: NDArray[Any]
    counts: NDArray[Any]

    @property
    def across(self) -> int:
        """How many parts lie beside each other."""
        return -(-self.width // self.part[0])

    @property
    def down(self) -> int:
        """How many parts lie below each other."""
        return -(-self.height // self.part[1])

    @property
    def plane_samples(self) -> int:
        """How many samples a pixel has in one plane."""
        return self.samples // self.planes

    @property
    def line_rows(self) -> int:
        """How many rows of pixels are stored as one line."""
        return self.subsampling[1]

    @property
    def line_bytes(self) -> int:
        """What a line of a part takes, unpacked."""
        across, down = self.subsampling
        if (across, down) != (1, 1):
            return -(-self.part[0] // across) * (across * down + 2)
        return -(-self.part[0] * self.plane_samples * self.bits // 8)

    @property
    def surplus_bytes(self) -> int:
        """What a part would take beyond its size if its values were stored in whole bytes each.

        Programs write 12-bit values into words of 16 bits, or YCbCr colours without sharing them,
        and tell it wrongly; 0 where there is nothing to be mistaken.
        """
        whole = next(bits for bits in (8, 16, 24, 32, 64) if bits >= self.bits)
        samples = 3 if self.subsampling != (1, 1) else self.plane_samples
        if self.bits in (1, 2, 4, whole) and self.subsampling == (1, 1):
            return 0
        return self.part[0] * self.part[1] * samples * whole // 8 - self.part_bytes

    @property
    def part_lines(self) -> int:
        """How many lines a part has."""
        return -(-self.part[1] // self.line_rows)

    @property
    def part_bytes(self) -> int:
        """What one part takes, unpacked."""
        return self.part_lines * self.line_bytes

    def rows_of(self, part: int) -> int:
        """Return how many rows of a part are seen."""
        top = part // self.across % self.down * self.part[1]
        return min(self.part[1], self.height - top)


def read_layout(directory: Directory) -> Layout:
    """Say how a TIFF's pixels are stored.

    Raises:
        UnsupportedMode: In a way that can't be read.
        Undecodable: In more parts than any program writes.
        ValueError: The tags contradict each other.
        EOFError: The file ends before its tags do.
    """
    width, height = directory.number(256, 0), directory.number(257, 0)
    if width <= 0 or height <= 0:
        raise ValueError("its header is damaged: it has no size")
    compression = directory.number(259, NONE)
    if compression not in CODECS:
        name = UNREAD_CODECS.get(compression, f"codec {compression}")
        raise unsupported(f"compressed by {name}")
    samples, bits, kind = _samples(directory)
    photometric = _photometric(directory, samples, compression)
    colours = COLOURS[photometric]
    planar = directory.number(284, 1)
    if planar not in (1, 2):
        raise ValueError(f"its header is damaged: planar configuration {planar}")
    part = _part(directory, width, height)
    layout = Layout(
        directory=directory,
        width=width,
        height=height,
        photometric=photometric,
        colours=colours,
        samples=samples,
        bits=bits,
        kind=kind,
        alpha=_alpha(directory, photometric, colours, samples),
        planes=samples if planar == 2 else 1,
        compression=compression,
        predictor=directory.number(317, 1) if compression in PREDICTED else 1,
        part=part,
        subsampling=_subsampling(directory, photometric, compression),
        offsets=np.empty(0),
        counts=np.empty(0),
    )
    return _located(layout)


def _samples(directory: Directory) -> tuple[int, int, str]:
    all_bits = directory.numbers(258, (1,))
    samples = directory.number(277, len(all_bits) if 258 in directory else 1)
    formats = directory.numbers(339, (1,))[:samples]
    if not 1 <= samples <= _MAX_SAMPLES:
        raise unsupported(f"of {counted(samples, 'channel')}")
    if 1 < len(all_bits) < samples:
        raise ValueError("its header is damaged: it has no depth")
    if len(set(all_bits[:samples])) > 1:
        raise unsupported("whose channels differ in depth")
    kinds = {_KINDS.get(number, "?") for number in formats}
    bits = all_bits[0]
    if directory.number(262, -1) in (CIELAB, ICCLAB) and "f" not in kinds:
        kinds = {"u"}  # signed or not is said by these, whatever the tag says
    if kinds not in ({"u"}, {"i"}, {"f"}):
        raise unsupported("of complex numbers or of mixed number types")
    (kind,) = kinds
    return samples, bits, kind


def _photometric(directory: Directory, samples: int, compression: int) -> int:
    if 262 in directory:
        photometric = directory.number(262, 0)
    elif compression in FAX:
        photometric = WHITE_IS_ZERO
    else:  # as libtiff does
        colours = samples - directory.count(338)
        if colours not in (1, 3):
            raise unsupported("that doesn't say what its colours are")
        photometric = BLACK_IS_ZERO if colours == 1 else RGB
    if photometric not in COLOURS:
        what = UNREAD_COLOURS.get(photometric, f"of photometric interpretation {photometric}")
        raise unsupported(what)
    if photometric == CMYK and directory.number(332, 1) != 1:
        raise unsupported("of inks other than CMYK")
    return photometric


def _alpha(directory: Directory, photometric: int, colours: int, samples: int) -> Alpha | None:
    extras = samples - colours
    if extras < 0:
        raise unsupported(f"of {counted(samples, 'channel')} where its colours need {colours}")
    meanings = directory.numbers(338, ())[:extras]
    if not extras:
        return None
    if not meanings and (photometric, extras) != (RGB, 1):
        raise unsupported(f"of {samples} channels that doesn't say what they are")
    if not meanings:
        return Alpha(colours, premultiplied=False, is_guess=True)
    for at, meaning in enumerate(meanings):
        if meaning in (1, 2):
            return Alpha(colours + at, premultiplied=meaning == 1)
    if colours == 1 and extras > 1:
        raise unsupported(f"of {samples} channels that are no colours")
    return None


def _part(directory: Directory, width: int, height: int) -> tuple[int, int]:
    if 322 in directory:
        part = directory.number(322, 0), directory.number(323, 0)
    else:
        part = width, min(directory.number(278, height), height)
    if min(part) <= 0:
        raise ValueError("its header is damaged: its strips or tiles have no size")
    return part


def _subsampling(directory: Directory, photometric: int, compression: int) -> tuple[int, int]:
    if photometric != YCBCR or compression == JPEG:  # a JPEG says its own
        return 1, 1
    across, down = (*directory.numbers(530, (2, 2), 2), 0)[:2]
    if not {across, down} <= {1, 2, 4}:
        raise ValueError(f"its header is damaged: subsampling {across}, {down}")
    return across, down


def _located(layout: Layout) -> Layout:
    """Add where the parts lie."""
    directory, (width, height) = layout.directory, layout.part
    parts = layout.across * layout.down * layout.planes
    if parts > _MAX_PARTS:
        raise Undecodable("decode", "corrupt", f"a TIFF in {parts:,} pieces")
    padded_px = layout.across * width * layout.down * height
    if padded_px > _MAX_PADDED * layout.width * layout.height + _MAX_PADDING_PX:
        raise ValueError(f"its tiles are far larger than the picture: {width} × {height}")
    offsets = directory.values(324 if 324 in directory else 273, parts)
    counts = directory.values(325 if 325 in directory else 279, parts)
    if len(counts) < parts and layout.compression == NONE:
        counts = np.zeros(parts, np.int64)
    elif not counts.any() and parts == 1 and len(offsets):
        counts = np.array([directory.size_bytes - int(offsets[0])])
    if min(len(offsets), len(counts)) < parts:
        raise ValueError("its header is damaged: strips or tiles are missing")
    if "f" in (offsets.dtype.kind, counts.dtype.kind):
        raise ValueError(
            "its header is damaged: the places of its strips or tiles are no whole numbers"
        )
    unpacked_bytes = parts * layout.part_bytes
    if layout.compression != NONE and counts.sum(dtype=float) > 4 * (
        directory.size_bytes + unpacked_bytes
    ):
        raise ValueError("its strips or tiles overlap many times")
    return replace(layout, offsets=offsets, counts=counts)
