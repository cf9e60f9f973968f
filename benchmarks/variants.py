"""Make altered copies of pictures, one kind after another, seeded."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

Alter = Callable[[Image.Image, np.random.Generator], Image.Image]


def _jpeg(quality: int) -> Alter:
    def alter(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        data = io.BytesIO()
        image.save(data, "JPEG", quality=quality)
        return Image.open(data).convert("RGB")

    return alter


def _resized(share: float) -> Alter:
    def alter(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        size = (round(image.width * share), round(image.height * share))
        return image.resize(size, Image.Resampling.LANCZOS)

    return alter


def _cropped(share: float) -> Alter:
    """Lose a share of width and height, at sides of chance."""

    def alter(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        lost = [round(side * share) for side in image.size]
        left, top = (int(rng.integers(0, pixels + 1)) for pixels in lost)
        right, bottom = left + image.width - lost[0], top + image.height - lost[1]
        return image.crop((left, top, right, bottom))

    return alter


def _captioned(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Put two lines of text on a band over an eighth of the picture, at its foot."""
    captioned = image.copy()
    height = image.height // 8
    draw = ImageDraw.Draw(captioned)
    draw.rectangle(
        (0, image.height - height, *image.size), fill=("white", "black")[rng.integers(2)]
    )
    font = ImageFont.load_default(height / 3)
    text = "\n".join(f"Catalogue no. {number}, oil" for number in rng.integers(1000, 9999, 2))
    draw.text((height / 2, image.height - height), text, fill="#888", font=font)
    return captioned


def _enhanced(kind: type[ImageEnhance._Enhance], factor: float) -> Alter:
    return lambda image, rng: kind(image).enhance(factor)


def _warmer(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    gains = np.array([1.1, 1.0, 0.85])
    return Image.fromarray(np.clip(np.asarray(image) * gains, 0, 255).astype(np.uint8))


def _chained(*alters: Alter) -> Alter:
    def alter(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        for one in alters:
            image = one(image, rng)
        return image

    return alter


KINDS: dict[str, Alter] = {
    "JPEG quality 90": _jpeg(90),
    "JPEG quality 50": _jpeg(50),
    "JPEG quality 20": _jpeg(20),
    "resized to 25 %": _resized(0.25),
    "resized to 50 %": _resized(0.5),
    "resized to 200 %": _resized(2.0),
    "cropped by 5 %": _cropped(0.05),
    "cropped by 10 %": _cropped(0.10),
    "cropped by 20 %": _cropped(0.20),
    "flipped": lambda image, rng: ImageOps.mirror(image),
    "grey": lambda image, rng: image.convert("L").convert("RGB"),
    "captioned": _captioned,
    "20 % brighter": _enhanced(ImageEnhance.Brightness, 1.2),
    "25 % darker": _enhanced(ImageEnhance.Brightness, 0.75),
    "30 % more contrast": _enhanced(ImageEnhance.Contrast, 1.3),
    "warmer": _warmer,
    "flipped, 50 %, quality 40": _chained(
        lambda image, rng: ImageOps.mirror(image), _resized(0.5), _jpeg(40)
    ),
    "cropped by 10 %, 50 %, quality 40": _chained(_cropped(0.1), _resized(0.5), _jpeg(40)),
}


def make_variants(originals: list[Path], folder: Path, kind: str, *, seed: int = 0) -> None:
    """Write an altered copy of each picture under its own name with a number before it."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for number, file in enumerate(originals):
        image = Image.open(file).convert("RGB")
        altered = KINDS[kind](image, rng)
        altered.save(folder / f"{number:04d}-{file.stem}.png")
