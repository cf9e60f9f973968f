"""The experiments of the source reports, one short script each, on real data or on stand-ins."""
