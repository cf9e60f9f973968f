"""Speed as ratios against a baseline run beside it, never as absolute numbers."""
