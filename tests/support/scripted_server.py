"""A server of the standard library that answers by script and remembers what came."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One answer.  `length` replaces the declared length; `reset` closes the connection instead of answering."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    reset: bool = False

    @property
    def declared(self) -> int:
        """The length that the header tells; below 0 for none."""
        return len(self.body) if self.length is None else self.length

    def dated(self, now: str) -> tuple[tuple[str, str], ...]:
        """The headers, with the time of now unless the script says another."""
        is_dated = any(name == "Date" for name, _ in self.headers)
        return self.headers if is_dated else (("Date", now), *self.headers)


RESET = Reply(reset=True)


@dataclass(frozen=True)
class Came:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""
    port: int = 0
    """Of its client: the same for what comes over one connection."""


@dataclass
class Scripted:
    """The script, of which the last reply stays for ever, and what came."""

    replies: list[Reply]
    came: list[Came] = field(default_factory=list)
    address: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, came: Came) -> Reply:
        with self.lock:
            self.came.append(came)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @property
    def methods(self) -> list[str]:
        return [each.method for each in self.came]


@contextmanager
def scripted(*replies: Reply) -> Iterator[Scripted]:
    """Serve the script on a free port of 127.0.0.1 until the block ends."""
    script = Scripted(list(replies) or [Reply()])

    class Listener(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes, and the second waited for 40 ms

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            reply = script.next(Came(self.command, self.path, dict(self.headers), body, self.client_address[1]))
            if reply.reset:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response_only(reply.status)
            for name, text in reply.dated(self.date_time_string()):
                self.send_header(name, text)
            if reply.declared >= 0:
                self.send_header("Content-Length", str(reply.declared))
            else:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(reply.body)
            if reply.declared != len(reply.body):
                self.close_connection = True

        do_GET = do_DELETE = do_HEAD = do_POST = do_PUT = _answer

        def log_message(self, *_unused: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_unused: Any) -> None:
            """A client that leaves early is part of the script."""

    with Server(("127.0.0.1", 0), Listener) as server:
        script.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
