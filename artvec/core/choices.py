"""What a user chooses by name, in the library and on the command line; nothing is imported here."""

from __future__ import annotations

from typing import Literal

Engine = Literal["auto", "torch", "openvino"]
"""What runs the encoder; auto: openvino on a CPU, torch on CUDA."""
Precision = Literal["auto", "fp32", "bf16", "fp16"]
"""What the encoder computes in; auto: fp32 on a CPU, bf16 on CUDA."""
Fit = Literal["crop", "pad", "squash"]
"""How an image is brought to the backbone's square; see `Preprocessing`."""
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos", "box"]
"""Pillow's filter of that name."""
DecodeMode = Literal["fast", "exact"]
"""fast decodes large JPEGs at a reduced scale."""
Dtype = Literal["float32", "float16"]
"""Type of the stored vectors."""
ExportFormat = Literal["parquet", "npz", "csv", "hdf5"]
"""File formats that a collection can be exported to."""
ClusterMethod = Literal["hdbscan", "kmeans", "agglomerative"]
"""Ways of grouping."""
MapMethod = Literal["umap", "tsne", "none"]
"""Kinds of maps; none makes none."""
