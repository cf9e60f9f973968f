"""`make bench`: the short form, `make bench-full` all of it, or scripts by name; renders the page.

python -m benchmarks.run [--full] [NAME …]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from importlib import import_module

from benchmarks import page

# Minutes on two quiet cores: of the short form, measured, and of what --full adds, estimated.
SHORT = {
    "search_start": (1, 0),
    "embed": (13, 5),
    "memory": (3, 3),
    "indexes": (4, 16),
    "evaluation": (6, 25),
    "clusters": (3, 12),
    "precision": (6, 0),
    "shards": (1, 0),
    "stages": (1, 0),
}
"""What `make bench` runs: under 40 minutes together."""

ONLY_FULL = {
    "backbones": (8, 12),
    "finetune": (11, 4),
    "peers": (6, 9),
    "frozen": (8, 0),
    "dry_run": (2, 0),
    "agreement": (2, 0),
    "duplicates": (6, 0),
    "duplicates_plain": (2, 0),
}
"""What `make bench-full` runs besides."""

SCRIPTS = {**SHORT, **ONLY_FULL}


def main(arguments: Sequence[str]) -> None:
    options = _options(arguments)
    names = options.names or (SCRIPTS if options.full else SHORT)
    minutes = sum(sum(SCRIPTS[name][: 1 + options.full]) for name in names)
    print(f"{', '.join(names)}: about {minutes} minutes", flush=True)
    for name in names:
        print(name, flush=True)
        started = time.perf_counter()
        import_module(f"benchmarks.{name}").main(full=options.full)
        page.main()
        print(f"{name} took {(time.perf_counter() - started) / 60:.1f} minutes", flush=True)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run", description="Run benchmarks and render their tables."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SCRIPTS))
    parser.add_argument("--full", action="store_true", help="all scripts, in all sizes")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in SCRIPTS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r} (there are: {', '.join(SCRIPTS)})")
    return options


if __name__ == "__main__":
    main(sys.argv[1:])
