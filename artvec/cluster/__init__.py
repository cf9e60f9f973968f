"""The verb `cluster`: what groups there are in a collection, and how good they are."""
