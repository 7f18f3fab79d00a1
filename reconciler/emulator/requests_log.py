"""Every request that came, in order: what tests and curious users look at afterwards."""

from dataclasses import asdict, dataclass, field


@dataclass
class Request:
    """One request.  `key_sent` says that an Authorization header came with it; `status` is 0 until it was answered,
    and stays 0 when the connection was dropped instead."""

    sequence: int
    port: str
    route: str
    method: str
    path: str
    key_sent: bool
    status: int = 0


@dataclass
class RequestsLog:
    """The log of all ports, with one numbering."""

    requests: list[Request] = field(default_factory=list)
    count: int = 0

    def add(self, *, port: str, route: str, method: str, path: str, key_sent: bool) -> Request:
        """Note a request as it comes."""
        self.count += 1
        request = Request(self.count, port, route, method, path, key_sent)
        self.requests.append(request)
        return request

    def clear(self) -> None:
        """Forget what came; the numbering goes on."""
        self.requests.clear()

    def as_json(self) -> list[dict[str, object]]:
        """Give the log in JSON form."""
        return [asdict(request) for request in self.requests]
