"""Name formats by their first bytes that aren't read here, or not without an extra."""

from __future__ import annotations

HEIC_REMEDY = "pip install 'artvec[heic]'"
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))
_PICTURES = (
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"II\xbc", "JPEG XR"),
    (b"\xff\xd8\xff\xf7", "JPEG-LS"),
    (b"8BPS", "Photoshop"),
    (b"gimp xcf", "GIMP"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"\0\0\1\0", "Windows icon (ICO)"),
    (b"\0\0\2\0", "Windows cursor (CUR)"),
    (b"icns", "Apple icon (ICNS)"),
    (b"qoif", "QOI"),
    (b"BPG\xfb", "BPG"),
    (b"FLIF", "FLIF"),
    (b"AT&TFORM", "DjVu"),
    (b"DDS ", "DDS"),
    (b"SIMPLE  =", "FITS"),
    (b"\x8aMNG\r\n\x1a\n", "MNG"),
    (b"\x8bJNG\r\n\x1a\n", "JNG"),
    (b"FUJIFILMCCD-RAW", "camera raw (RAF)"),
    (b"IIRO", "camera raw (ORF)"),
    (b"IIRS", "camera raw (ORF)"),
    (b"MMOR", "camera raw (ORF)"),
    (b"IIU\0", "camera raw (RW2)"),
    (b"FOVb", "camera raw (X3F)"),
    (b"\xd7\xcd\xc6\x9a", "Windows metafile (WMF)"),
)
_OTHERS = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1a\x45\xdf\xa3", "a film (Matroska or WebM)"),
)
_BY_BRAND = {
    b"crx ": "a camera raw (CR3) picture",
    b"jxl ": "a JPEG XL picture",
    b"mp41": "a film (MP4)",
    b"mp42": "a film (MP4)",
    b"isom": "a film (MP4)",
    b"M4V ": "a film (MP4)",
    b"qt  ": "a film (QuickTime)",
}
_LONGEST_FTYP_BYTES = 1 << 10


def is_heic(head: bytes) -> bool:
    """Say whether a file calls itself a HEIC, by its own brand or by one it is compatible with."""
    if head[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(head[:4]), _LONGEST_FTYP_BYTES, len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}
    return not brands.isdisjoint(_HEIC_BRANDS) and head[8:12] not in (b"avif", b"avis")


def why_no_image(head: bytes) -> str:
    """Say what a file is whose format isn't read here, in words, and what to do."""
    for begin, name in _PICTURES:
        if head.startswith(begin):
            article = "an" if name[0] in "AEIO" else "a"
            return f"{article} {name} picture, a format not read here; save it as PNG or JPEG"
    if head[:1] == b"P" and head[1:2] in b"1234567fF" and head[2:3] in b" \t\r\n#" and head[2:3]:
        return "a PNM picture, a format not read here; save it as PNG or JPEG"
    if head[4:8] == b"ftyp" and head[8:12] in _BY_BRAND:
        what = _BY_BRAND[head[8:12]]
        remedy = "; save it as PNG or JPEG" if what.endswith("picture") else ""
        return f"{what}, a format not read here{remedy}"
    other = next((what for begin, what in _OTHERS if head.startswith(begin)), None)
    return f"{other}, no picture" if other else _by_markup(head)


def _by_markup(head: bytes) -> str:
    text = head[:_LONGEST_FTYP_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "an HTML page, no picture; a failed download leaves such files"
    if text.startswith((b"<svg", b"<?xml", b"<!doctype svg")) and b"<svg" in text:
        return "an SVG drawing, a format not read here; save it as PNG"
    return "its content is no image format known here"
