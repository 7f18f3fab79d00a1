"""Opening buckets.  Credentials come from where each cloud's own tools look for them; none stands in the file."""

import ipaddress
import os
from datetime import timedelta
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from obstore.store import AzureStore, GCSStore, S3Store
from obstore.store import ObjectStore as Bucket

from reconciler.archive.stores.objects import ObjectStore
from reconciler.archive.stores.spool import Spool
from reconciler.core.desired import Store
from reconciler.errors import UsageRefused

CONNECT_S, ANSWER_S = 10, 60
"""How long one request may take to connect, and to end; a part of an upload is a request of its own."""
RETRIES = 8


def open_bucket(store: Store, spool: Spool, *, patience_s: float, user_agent: str) -> ObjectStore:
    """Open the bucket of a store; asks nobody yet.

    Raises:
        UsageRefused: the settings do not fit together, or the environment lacks some.
    """
    attributes = {"Storage-Class": store.storage_class} if store.storage_class else {}
    bucket = _bucket(store, patience_s=patience_s, user_agent=user_agent)
    return ObjectStore(store.address, bucket, spool, attributes=attributes, tags=dict(store.tags))


def _bucket(store: Store, *, patience_s: float, user_agent: str) -> Bucket:
    scheme, _, rest = store.address.partition("://")
    name, _, prefix = rest.partition("/")
    how: dict[str, Any] = {
        "prefix": prefix.strip("/") or None,
        "client_options": {
            "connect_timeout": timedelta(seconds=CONNECT_S),
            "timeout": timedelta(seconds=ANSWER_S),
            "user_agent": user_agent,
            **({"allow_http": True} if _is_here(store.endpoint or os.environ.get("AWS_ENDPOINT_URL", "")) else {}),
        },
        "retry_config": {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=patience_s)},
    }
    try:
        match scheme:
            case "s3":
                return S3Store(name, **how, **_s3_settings(store))
            case "gs":
                return GCSStore(name, **how)
            case _:
                return AzureStore(name, **how, **_endpoint(store))
    except Exception as error:
        said = str(error).partition("\n")[0]
        raise UsageRefused(
            f"archive.stores: {store.address} cannot be opened: {said}",
            hint="Its credentials and account come from the environment (docs/stores.md).",
        ) from error


def _s3_settings(store: Store) -> dict[str, Any]:
    settings = {
        "endpoint": store.endpoint,
        "region": store.region or ("" if _names_region() else "us-east-1"),
        "server_side_encryption": store.encryption,
        "sse_kms_key_id": store.kms_key,
        # Buckets under Object Lock ask for a checksum with every object, and all others check it.
        "checksum_algorithm": "SHA256",
    }
    told: dict[str, Any] = {name: text for name, text in settings.items() if text}
    if os.environ.get("AWS_PROFILE"):
        told["credential_provider"] = _of_profile(store)
    return told


def _endpoint(store: Store) -> dict[str, Any]:
    return {"endpoint": store.endpoint} if store.endpoint else {}


def _names_region() -> bool:
    return bool(os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"))


def _of_profile(store: Store) -> object:
    """Let boto3 read the profile's files: obstore reads none."""
    try:
        session = import_module("boto3").Session()
        provider: object = import_module("obstore.auth.boto3").Boto3CredentialProvider(session)
    except ImportError as error:
        raise UsageRefused(
            f"archive.stores: {store.address}: AWS_PROFILE is set, and boto3, which reads profiles, is not installed",
            hint="Install it: pip install boto3; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        ) from error
    return provider


def _is_here(endpoint: str) -> bool:
    """Tell whether an endpoint is on this machine, where http does no harm; AWS_ALLOW_HTTP=true allows it elsewhere."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
