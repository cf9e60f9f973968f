"""A loopback web server that can drop connections, ignore ranges, and answer with errors."""

from __future__ import annotations

import socket
import struct
import threading
import time
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
        longest: Bytes of the longest range that is answered at once.
        headers: Sent instead of the right ones.
        drops: Bytes after which each of the next answers breaks off.
        resets: Break off without a goodbye: what was not read yet is lost.
        answers: Status codes of the next answers, instead of files.
        asked: (name, Range header) of every request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    longest: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    drops: list[int] = field(default_factory=list)
    resets: bool = False
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
            end = len(whole) if not start else min(len(whole), start + (site.longest or len(whole)))
            headers = {"Content-Length": str(end - start)}
            if start:
                headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(whole)}"
            self.send_response(206 if start else 200)
            for header, value in (headers | site.headers).items():
                self.send_header(header, value)
            self.end_headers()
            rest = whole[start:end]
            self.wfile.write(rest[: site.drops.pop(0)] if site.drops else rest)
            if site.resets:
                self.wfile.flush()
                time.sleep(0.1)  # for what was sent to arrive
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()

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
