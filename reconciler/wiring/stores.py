"""The archive: its stores, the keys that sign, and what looks at copies later."""

from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.clock import SystemClock
from reconciler.engine.talk import Say
from reconciler.errors import UsageRefused
from reconciler.wiring.ledgers import ledger_database, ledger_reader, ledger_writer
from reconciler.wiring.settings import TOOL, Settings, desired_state, spool_folder, user_agent

if TYPE_CHECKING:
    from reconciler.archive.memory import StoresMemory
    from reconciler.archive.stores import BagStore
    from reconciler.core.desired import DesiredState
    from reconciler.engine.ports import (
        BagVerifier,
        Progress,
        SignatureCheck,
        Signer,
        VerificationLog,
    )
    from reconciler.engine.repairing import RepairMeans
    from reconciler.engine.restoring import BagRestorer
    from reconciler.engine.signed_receipts import ReceiptSignatures


KINDS = ("file:", "s3://", "gs://", "az://")


def stores_of(settings: Settings, desired: "DesiredState") -> "tuple[BagStore, ...]":
    """Open the stores that the file names."""
    from reconciler.archive.stores.opening import open_stores

    return open_stores(
        desired.stores,
        settings.file.parent,
        spool_folder(settings),
        patience_s=settings.patience_s,
        user_agent=user_agent(),
        holds_copies=ledger_reader(settings).holds_copies,
    )


def stores_named(settings: Settings, addresses: "tuple[str, ...]") -> "tuple[BagStore, ...]":
    """Open the stores of these addresses, with the settings that the file has for each; of none: those of the file.

    Raises:
        UsageRefused: an address is of no kind of store.
    """
    from reconciler.archive.stores.opening import open_stores
    from reconciler.core.desired import Store

    of_file = desired_state(settings).stores if settings.file.exists() or not addresses else ()
    known = {store.address: store for store in of_file}
    for address in addresses:
        if not address.startswith(KINDS):
            raise UsageRefused(
                f"{address[:100]!r} is no store", hint="Write file:FOLDER, s3://BUCKET/PREFIX, gs://... or az://..."
            )
    chosen = tuple(known.get(each) or Store(address=each) for each in dict.fromkeys(addresses)) or of_file
    return open_stores(
        chosen, settings.file.parent, spool_folder(settings), patience_s=settings.patience_s, user_agent=user_agent()
    )


def archive_memory(settings: Settings, addresses: "tuple[str, ...]", say: Say) -> "StoresMemory":
    """Give what reads records and receipts back from the stores; with a key, only what it signed."""
    from reconciler.archive.memory import StoresMemory

    return StoresMemory(stores_named(settings, addresses), signature_check(settings, say))


def signer(settings: Settings, say: Say) -> "Signer | None":
    """Give the key that signs, None where none is named; `say` takes a warning about its file."""
    from reconciler.signing.key_files import read_signing_key

    return read_signing_key(settings.signing_key, say) if settings.signing_key else None


def signature_check(settings: Settings, say: Say) -> "SignatureCheck | None":
    """Give the key that tells good signatures, None where none is named; `say` takes a warning about its file."""
    from reconciler.signing.key_files import read_verify_key

    return read_verify_key(settings.verify_key, say) if settings.verify_key else None


def bag_verifier(settings: Settings) -> "BagVerifier":
    """Give what reads bags again."""
    from reconciler.archive.verifier import StoreVerifier

    return StoreVerifier(stores_of(settings, desired_state(settings)))


def receipt_signatures(settings: Settings, say: Say) -> "ReceiptSignatures | None":
    """Give what holds the receipts in the stores against a key, None where none is named; `say` takes a warning."""
    from reconciler.archive.receipt_files import SignedReceipts

    check = signature_check(settings, say)
    return SignedReceipts(stores_of(settings, desired_state(settings)), check) if check else None


def verification_log(settings: Settings) -> "VerificationLog":
    """Give what records looks at copies in the ledger."""
    from reconciler.ledger.verifications import SqlVerificationLog

    return SqlVerificationLog(ledger_database(settings), clock=SystemClock())


def repair_means(settings: Settings, desired: "DesiredState", progress: "Progress") -> "RepairMeans":
    """Give what makes damaged copies anew, and records it."""
    from reconciler.archive.mender import StoreMender
    from reconciler.archive.verifier import StoreVerifier
    from reconciler.engine.repairing import RepairMeans

    stores = stores_of(settings, desired)
    return RepairMeans(
        ledger=ledger_writer(settings, progress),
        verifier=StoreVerifier(stores),
        mender=StoreMender(stores, tool=TOOL, signer=signer(settings, progress.note)),
        log=verification_log(settings),
        clock=SystemClock(),
    )


def bag_restorer(settings: Settings, to: Path, *, whole_bag: bool) -> "BagRestorer":
    """Give what copies bags out of the stores, into the folder `to`."""
    from reconciler.archive.restorer import StoreRestorer

    return StoreRestorer(stores_of(settings, desired_state(settings)), to, whole_bag=whole_bag)
