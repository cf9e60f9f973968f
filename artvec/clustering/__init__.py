"""Groups and maps of vectors: arrays in, arrays out."""
