"""The table from foreign exceptions to one line and a way out; nothing is printed here."""

from __future__ import annotations

import errno

from artvec.errors import ArtvecError, OutOfMemory

_MEMORY_WORDS = (
    "bad_alloc",
    "allocate memory",
    "memory alloc",
    "posix_memalign",
    "failed to map segment",  # the loader, of a library that doesn't fit
    "start new thread",  # whose stack doesn't
    "resource temporarily unavailable",  # the same, as C++ says it
)


def explained(failure: Exception) -> ArtvecError:
    """Say what a foreign exception means to a user."""
    if _is_memory(failure):
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


def _is_memory(failure: BaseException) -> bool:
    """Libraries tell it each in their own words, and wrap each other's."""
    if isinstance(failure, (MemoryError, OutOfMemory)):
        return True
    if isinstance(failure, OSError) and failure.errno is not None:
        return failure.errno == errno.ENOMEM
    if isinstance(failure, (ImportError, OSError, RuntimeError)) and any(
        words in str(failure).lower() for words in _MEMORY_WORDS
    ):
        return True
    return failure.__cause__ is not None and _is_memory(failure.__cause__)


def _of_the_system(failure: OSError) -> ArtvecError:
    what = failure.strerror or str(failure) or type(failure).__name__
    names = " → ".join(str(name) for name in (failure.filename, failure.filename2) if name)
    if not names:
        return ArtvecError(
            f"{what} (no file is named: it may be the standard output)",
            "check the space left where artvec writes: the collection, the cache and /tmp",
        )
    return ArtvecError(
        f"{what}: {names}", "check the path, its permissions and the space left there"
    )
