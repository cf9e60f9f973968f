"""artvec: from a folder of pictures to neighbours, groups and honest figures."""

__version__ = "0.1.0"
