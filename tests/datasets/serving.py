"""A loopback web server that can drop connections, ignore ranges, and answer with errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What the server holds, how it misbehaves, and what it was asked for.

    Attributes:
        files: Bytes by name.
        ranges: Answer ranges, as most servers do.
        drops: Bytes after which each of the next answers breaks off.
        answers: Status codes of the next answers, instead of files.
        asked: (name, Range header) of every request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    drops: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


@contextmanager
def served(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, wanted = self.path.rsplit("/", 1)[1], self.headers["Range"]
            site.asked.append((name, wanted))
            if site.answers:
                return self.send_error(site.answers.pop(0))
            if name not in site.files:
                return self.send_error(404)
            whole = site.files[name]
            start = int(wanted[6:-1]) if wanted and site.ranges else 0
            if start >= len(whole):
                return self.send_error(416)
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
            self.send_header("Content-Length", str(len(whole) - start))
            self.end_headers()
            rest = whole[start:]
            self.wfile.write(rest[: site.drops.pop(0)] if site.drops else rest)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    site.url = f"http://127.0.0.1:{server.server_port}/sets"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
