"""Altered copies of a picture, as the web and catalogues make them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageOps


def _captioned(image: Image.Image) -> Image.Image:
    captioned = image.copy()
    width, height = image.size
    draw = ImageDraw.Draw(captioned)
    draw.rectangle((0, height * 7 // 8, width, height), fill="white")
    draw.text((4, height * 7 // 8), "Catalogue no. 1234", fill="black")
    return captioned


def _cropped(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((width // 20, 0, width - width // 20, height - height // 10))


ALTERED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "small.png": lambda image: image.resize((image.width // 2, image.height // 2)),
    "flipped.png": ImageOps.mirror,
    "grey.png": lambda image: image.convert("L"),
    "captioned.png": _captioned,
    "brighter.png": lambda image: ImageEnhance.Brightness(image).enhance(1.2),
    "cropped.png": _cropped,
}


def alter(file: Path, folder: Path) -> set[str]:
    """Write altered copies of a picture, a recompressed and an equal one; return their names."""
    folder.mkdir(parents=True)
    image = Image.open(file).convert("RGB")
    for name, change in ALTERED.items():
        change(image).save(folder / name)
    image.save(folder / "recompressed.jpg", quality=30)
    shutil.copy(file, folder / "equal.jpg")
    return {f"{folder.name}/{name}" for name in (*ALTERED, "recompressed.jpg", "equal.jpg")}
