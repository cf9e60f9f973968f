"""The table from foreign exceptions to one line and a way out; nothing is printed here."""

from __future__ import annotations

import os

from artvec.core.errors import ArtvecError, ran_out_of_memory


def explain(failure: Exception) -> ArtvecError:
    """Say what a foreign exception means to a user."""
    if ran_out_of_memory(failure):
        return ArtvecError(
            "memory ran out",
            "allow more (ulimit -v, the container's limit), close other programs, or use a smaller "
            "--batch-size, --image-size or backbone",
        )
    if isinstance(failure, OSError):
        return _of_the_system(failure)
    return ArtvecError(
        f"unexpected {type(failure).__name__}: {failure}",
        "run again with ARTVEC_DEBUG=1 and report what it shows",
    )


def _of_the_system(failure: OSError) -> ArtvecError:
    what = failure.strerror or str(failure) or type(failure).__name__
    names = " → ".join(os.fsdecode(name) for name in (failure.filename, failure.filename2) if name)
    if not names:
        return ArtvecError(
            f"{what} (no file is named: it may be the standard output)",
            "check the space left where artvec writes: the collection, the cache and /tmp",
        )
    return ArtvecError(
        f"{what}: {names}", "check the path, its permissions and the space left there"
    )
