"""`python -m artvec_cli` is `artvec`."""

from artvec_cli.app import main

main()
