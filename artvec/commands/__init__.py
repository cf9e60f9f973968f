"""What each command does, as functions with typed results; named as the command is typed."""
