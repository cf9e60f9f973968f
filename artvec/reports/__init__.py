"""A result as something to look at, by command: self-contained HTML, PNG, CSV."""
