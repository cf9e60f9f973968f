"""The verb `doctor`: what this machine has and lacks for artvec."""

from artvec.doctor.finding import Finding
from artvec.doctor.verb import examine

__all__ = ["Finding", "examine"]
