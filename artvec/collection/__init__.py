"""A collection is a folder: located, opened, committed, checked."""
