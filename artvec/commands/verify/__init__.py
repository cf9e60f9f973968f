"""The command `verify`: is every byte as it was written, and `--repair`: mend what was damaged."""

from artvec.commands.verify.repair import RepairReport, repair_collection
from artvec.commands.verify.verification import verify_collection

__all__ = ["RepairReport", "repair_collection", "verify_collection"]
