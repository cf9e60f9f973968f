"""The verb `train`: a collection and a recipe in, a run directory and verdicts out."""
