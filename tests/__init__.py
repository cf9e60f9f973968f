"""Tests, by the tree of the library; what they share lies in `support`."""
