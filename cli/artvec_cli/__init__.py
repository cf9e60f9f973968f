"""The command line of artvec: parse, call a verb, render its result."""
