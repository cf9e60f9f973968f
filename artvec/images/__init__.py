"""From a folder to pixels: find, read, decode, fingerprint, resize."""
