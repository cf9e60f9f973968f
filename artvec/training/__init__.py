"""Phases of training: pictures or stored embeddings in, better weights out."""
