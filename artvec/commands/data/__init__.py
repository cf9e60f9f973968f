"""`data get` and `data demo`: published sets and the painted gallery."""
