"""A server that speaks the protocol of S3, as a process of its own; it ends when its standard input does."""

import sys

import requests

from tests.support.server_process import ServerProcess

KEY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "the-secret-half", "AWS_REGION": "us-east-1"}


class S3Server(ServerProcess):
    """The running server.  `endpoint` is its address; whoever knows a key may do anything."""

    module = "tests.support.s3_server"

    @property
    def environ(self) -> dict[str, str]:
        return {**KEY, "AWS_ENDPOINT_URL": self.endpoint}

    def make_bucket(self, name: str) -> None:
        assert self.call("PUT", name).status_code == 200

    def keys(self, bucket: str) -> list[str]:
        listed = self.call("GET", bucket).text
        return [part.partition("</Key>")[0] for part in listed.split("<Key>")[1:]]

    def read(self, bucket: str, key: str) -> bytes:
        return self.call("GET", f"{bucket}/{key}").content

    def write(self, bucket: str, key: str, content: bytes) -> None:
        assert self.call("PUT", f"{bucket}/{key}", content).status_code == 200

    def remove(self, bucket: str, key: str = "") -> None:
        assert self.call("DELETE", f"{bucket}/{key}" if key else bucket).status_code == 204

    def call(self, method: str, path: str, content: bytes = b"") -> requests.Response:
        # Nothing but a name: this server lets in whoever says one, and checks no signature.
        named = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20261127/us-east-1/s3/aws4_request"}
        return requests.request(method, f"{self.endpoint}/{path}", data=content, headers=named, timeout=30)


def serve() -> None:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)  # noqa: T201 - the way to tell the port
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    serve()
