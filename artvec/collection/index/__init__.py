"""The index of a collection: its record, its files, how it is read, built, and kept up to date."""
