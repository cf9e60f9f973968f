"""artvec: from a folder of paintings to neighbours, groups and honest figures.

Importing it is light: what a name stands for is imported when the name is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from artvec.core.version import __version__

TYPE_CHECKING = False  # not imported from typing: type checkers know the name
if TYPE_CHECKING:
    from artvec import sklearn
    from artvec.api.actions import compare, embed, open, train
    from artvec.api.collection import Collection
    from artvec.api.comparison import Comparison
    from artvec.api.encoder import Encoder
    from artvec.api.hits import Hits
    from artvec.api.results import Clusters, Duplicates, Evaluation
    from artvec.api.run import Run
    from artvec.core.errors import ArtvecError

_MODULES = {
    "open": "artvec.api.actions",
    "embed": "artvec.api.actions",
    "train": "artvec.api.actions",
    "compare": "artvec.api.actions",
    "Collection": "artvec.api.collection",
    "Encoder": "artvec.api.encoder",
    "Run": "artvec.api.run",
    "Hits": "artvec.api.hits",
    "Evaluation": "artvec.api.results",
    "Clusters": "artvec.api.results",
    "Duplicates": "artvec.api.results",
    "Comparison": "artvec.api.comparison",
    "ArtvecError": "artvec.core.errors",
}

__all__ = [
    "ArtvecError",
    "Clusters",
    "Collection",
    "Comparison",
    "Duplicates",
    "Encoder",
    "Evaluation",
    "Hits",
    "Run",
    "__version__",
    "compare",
    "embed",
    "open",
    "sklearn",
    "train",
]


def __getattr__(name: str) -> Any:
    if name == "sklearn":
        return import_module("artvec.sklearn")
    if name not in _MODULES:
        raise AttributeError(f"module 'artvec' has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return found


def __dir__() -> list[str]:
    return __all__
