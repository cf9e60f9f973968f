"""Published sets of pictures, to be fetched; the demo gallery, painted by a program."""
