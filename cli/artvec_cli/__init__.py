"""The command line of artvec: parse, call the library, render its result."""
