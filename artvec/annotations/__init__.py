"""What is said about images beside their pixels: labels, splits, metadata."""
