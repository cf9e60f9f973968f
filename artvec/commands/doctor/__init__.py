"""The command `doctor`: what this machine has and lacks for artvec."""

from artvec.commands.doctor.examination import examine
from artvec.commands.doctor.finding import Finding

__all__ = ["Finding", "examine"]
