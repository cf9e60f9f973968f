"""The numbers that TIFFs name codecs and colours by, and those that are not read."""

from __future__ import annotations

from artvec.images.srgb import UnsupportedMode

NONE, LZW, JPEG, PACKBITS, LERC, LZMA, ZSTD, WEBP = 1, 5, 7, 32_773, 34_887, 34_925, 50_000, 50_001
RLE, GROUP_3, GROUP_4 = 2, 3, 4
DEFLATE = (8, 32_946)
FAX = (RLE, GROUP_3, GROUP_4)
STREAMED = (NONE, *DEFLATE, LZMA)
"""Read bit by bit; of the other codecs a whole strip or tile is in memory."""
PREDICTED = (LZW, *DEFLATE, LZMA, ZSTD)
CODECS = (*FAX, *STREAMED, LZW, JPEG, PACKBITS, LERC, ZSTD, WEBP)
UNREAD_CODECS = {
    6: "JPEG of the old style", 9: "JBIG", 10: "JBIG", 32_766: "NeXT's codec",
    32_771: "CCITT's word-aligned code", 32_809: "ThunderScan", 32_909: "PixarLog",
    33_003: "JPEG 2000", 33_005: "JPEG 2000", 34_661: "JBIG", 34_676: "SGI's LogLuv",
    34_677: "SGI's LogLuv", 34_712: "JPEG 2000", 34_892: "DNG's JPEG",
    34_933: "PNG", 34_934: "JPEG XR", 50_002: "JPEG XL", 52_546: "JPEG XL",
}  # fmt: skip

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
GREYS = (WHITE_IS_ZERO, BLACK_IS_ZERO)
COLOURS = {
    WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, CIELAB: 3, ICCLAB: 3,
}  # fmt: skip
UNREAD_COLOURS = {
    4: "that is a mask", 10: "of ITU Lab colours", 32_803: "of a camera's raw values",
    32_844: "of logarithmic greys", 32_845: "of logarithmic colours",
    34_892: "of a camera's raw values",
}  # fmt: skip


def unsupported(what: str) -> UnsupportedMode:
    """Return the refusal of a sound file that can't be read."""
    return UnsupportedMode(f"a TIFF {what} can't be read here; save it as 8-bit PNG or TIFF")
