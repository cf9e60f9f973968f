"""A verb's result as something to look at: self-contained HTML, PNG."""
