"""Damaged, odd and unusual files with known pixels, and how they are written."""
