"""What a source says about its images beside pixels: labels, splits, metadata; the demo gallery."""
