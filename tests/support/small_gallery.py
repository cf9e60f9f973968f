"""What is in the small gallery: three colours, and names that would break a careless page."""

SCRIPT = "<script>alert(1)</script>.jpg"
BREAKOUT = "</script><img src=x onerror=alert(2)>.jpg"
QUOTED = "\" onerror=alert(3) x='.jpg"
HOSTILE = (SCRIPT, BREAKOUT, QUOTED, "été & 100% #1?.jpg", "back\\slash.jpg")
COLOURS = {"blue": (40, 60, 200), "green": (40, 160, 60), "red": (200, 50, 40)}
EACH = 12
OWN_NAMES = ("cluster", "x", "y", "path", "row", "silhouette", "outlier score", "membership")
"""Names that the page has for columns of its own."""
HOSTILE_COLUMNS = (*OWN_NAMES, "cluster_2", "__proto__", "constructor")
