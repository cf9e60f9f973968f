"""How much memory pictures may take while they are decoded, all threads together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from PIL import _imaging

# Pillow's own blocks of 16 MB are kept by glibc for the thread that freed them; what is larger
# than 32 MB always goes back to the kernel. Pictures smaller than that are not concerned.
_imaging.set_block_size(64 << 20)

_UNCOUNTED_BYTES = 8 << 20


class Budget:
    """Lets work run side by side while its needs fit together; the rest waits its turn."""

    def __init__(self) -> None:
        self._held_bytes = 0
        self._changed = Condition()

    @contextmanager
    def hold(self, need_bytes: int, budget_bytes: int) -> Iterator[None]:
        """Wait until the need fits, and hold it; a need beyond the budget runs alone.

        Small needs are let through uncounted: ordinary pictures never meet a lock.
        """
        if need_bytes <= _UNCOUNTED_BYTES:
            yield
            return
        with self._changed:
            self._changed.wait_for(
                lambda: not self._held_bytes or self._held_bytes + need_bytes <= budget_bytes
            )
            self._held_bytes += need_bytes
        try:
            yield
        finally:
            with self._changed:
                self._held_bytes -= need_bytes
                self._changed.notify_all()


DECODING = Budget()
