"""Every figure is defined here once: arrays in, numbers out; no files, no models, no printing.

Rows without a label are left out by the caller. What is undefined is NaN or a ValueError, never 0,
unless a docstring says otherwise. FloatArray are (N, D), as emitted by an encoder, and finite.
"""
