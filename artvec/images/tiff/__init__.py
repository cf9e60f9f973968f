"""Read a TIFF's first picture: every combination of its tags that is known, in bounded memory."""
