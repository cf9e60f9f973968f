"""Read BMP files of every kind that Windows and OS/2 programs write."""
