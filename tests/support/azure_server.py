"""A server that speaks the protocol of Azure Blob Storage (Azurite, `make azurite`), as a process of its own.

It ends when its standard input does.  Azurite does not look at its own, so a process of this file stands between.
"""

import base64
import hashlib
import hmac
import os
import subprocess
import sys
from email.utils import formatdate
from pathlib import Path

import requests

from tests.support.server_process import ServerProcess

AZURITE = Path(__file__).parents[2] / ".azurite" / "node_modules" / ".bin" / "azurite-blob"
ACCOUNT = "archive"
SECRET = base64.b64encode(b"the secret half of a key").decode("ascii")
KEY = {"AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": SECRET}
VERSION = "2023-11-03"
"""Of the protocol."""


class AzureServer(ServerProcess):
    """The running server.  `endpoint` is its address, the account included."""

    module = "tests.support.azure_server"

    def make_container(self, name: str) -> None:
        at = formatdate(usegmt=True)
        headers = {"x-ms-date": at, "x-ms-version": VERSION, "Content-Length": "0"}
        # The account stands twice: as itself, and as the first part of the path.
        signed = (
            f"PUT{chr(10) * 12}x-ms-date:{at}\nx-ms-version:{VERSION}\n/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
        )
        digest = hmac.digest(base64.b64decode(SECRET), signed.encode(), hashlib.sha256)
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
        address = f"{self.endpoint}/{name}?restype=container"
        assert requests.put(address, headers=headers, timeout=30).status_code == 201


def serve() -> None:
    command = [
        *(str(AZURITE), "--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--silent"),
        *("--skipApiVersionCheck", "--disableTelemetry"),
    ]
    with subprocess.Popen(
        command, env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{SECRET}"}, stdout=subprocess.PIPE, text=True
    ) as started:
        try:
            for line in started.stdout or ():
                if "successfully listens on " in line:
                    sys.stdout.write(f"{line.split(' on ')[1].strip()}/{ACCOUNT}\n")
                    sys.stdout.flush()
                    break
            sys.stdin.read()
        finally:
            started.terminate()


if __name__ == "__main__":
    serve()
