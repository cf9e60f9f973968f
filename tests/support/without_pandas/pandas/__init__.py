"""For processes of tests: as on a machine without pandas, which pyarrow imports where it is."""

raise ImportError("these processes do without pandas")
