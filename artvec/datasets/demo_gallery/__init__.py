"""Paints a small gallery of procedural pictures to try the tool on, offline."""

from __future__ import annotations

from artvec.datasets.demo_gallery.gallery import Gallery, paint_gallery
from artvec.datasets.demo_gallery.styles import STYLES

__all__ = ["STYLES", "Gallery", "paint_gallery"]
