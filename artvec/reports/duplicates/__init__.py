"""Near-duplicates as one HTML page."""
