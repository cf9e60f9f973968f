"""The one answer to weights that can't be downloaded."""

from __future__ import annotations

from artvec.core.errors import ArtvecError
from artvec.encoding.backbones.packaged import DEFAULT


def no_download(name: str, error: Exception) -> ArtvecError:
    """Name the three ways out when pretrained weights can't be had."""
    why = " ".join(str(error).split())[:160] or type(error).__name__
    return ArtvecError(
        f"the pretrained weights of {name} are not on this machine and can't be downloaded: {why}",
        "three ways out: run once with a network (the download is kept); "
        f"give a local file: --weights FILE; or use -m {DEFAULT}, which works offline",
    )
