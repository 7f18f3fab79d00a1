"""A worker says that a bag is archived: what of it the coordinator sees with its own eyes before it counts.

Nothing but the text of the receipt is taken from the worker, and each word of it is held against what was asked for and
against what lies in the stores.  The hashes of large files are the worker's own: it read the bag back from its final
place by the code that does so here (docs/adr/0021).  Until one bag of the run was whole, each is read whole here too.
"""

import hashlib
import threading
import time
from collections.abc import Callable

from reconciler.archive.archiver import MANIFESTS
from reconciler.archive.bag import expected_paths, manifest_problem
from reconciler.archive.names import bag_name, receipt_name
from reconciler.archive.receipt_files import leave_receipt
from reconciler.archive.statement import read_statement
from reconciler.archive.stores import BagStore
from reconciler.archive.verifier import difference, receipt_difference
from reconciler.core.job import Job, JobId
from reconciler.core.receipt import BagFile, NotProved, ReadBack, Receipt, VerifiedReceipt
from reconciler.engine.ports import JobDetail, Signer
from reconciler.errors import ArchiveError

TAG_FILES = ("bagit.txt", "bag-info.txt", *MANIFESTS)
LOOKS_S = (0.0, 0.5, 1.5)
"""How long to wait before each look: what one machine has written may show on another a moment later."""


class ReceiptCheck:
    """Makes the proof of a copy anew, out of the text of its receipt and the coordinator's own `stores`; signs it."""

    def __init__(
        self,
        stores: tuple[BagStore, ...],
        *,
        copies: int,
        tool: str,
        signer: Signer | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._stores = {store.address: store for store in stores}
        self._copies = copies
        self._tool = tool
        self._signer = signer
        self._pause = pause
        self._one_was_whole = threading.Event()

    def proof(self, statement: bytes, detail: JobDetail) -> VerifiedReceipt:
        """Give the proof.

        Raises:
            StoreNotWritable: a store cannot be reached, or takes no signature.
            ArchiveError: the receipt is not of this job, or the stores hold something else.
        """
        job = detail.job
        receipt = _receipt_of(statement, job)
        problem = self._problem_of_words(receipt, job)
        if problem:
            raise _disbelieved(job, problem)
        try:
            read_backs = tuple(self._seen(self._stores[address], receipt) for address in receipt.stores)
            proof = VerifiedReceipt(receipt=receipt, read_backs=read_backs, copies=self._copies)
        except NotProved as error:
            raise _disbelieved(job, str(error)) from error
        if not self._one_was_whole.is_set():
            self._read_whole(receipt)
            self._one_was_whole.set()
        if self._signer is not None:  # workers have no key: what they wrote down is signed once it holds
            for address in receipt.stores:
                leave_receipt(self._stores[address], receipt, tool=self._tool, signer=self._signer)
        return proof

    def _problem_of_words(self, receipt: Receipt, job: Job) -> str:
        """Hold the receipt against what was asked for."""
        if (receipt.job_id, receipt.fingerprint) != (job.id, job.fingerprint):
            return "it is of another job"
        if receipt.bag != bag_name(job.id, job.fingerprint):
            return "it names another bag"
        if len(set(receipt.stores)) != len(receipt.stores) or not set(receipt.stores) <= set(self._stores):
            return "it names other stores"
        missing = ({*TAG_FILES} | expected_paths(job)) - {file.path for file in receipt.files}
        return f"{min(missing)} is missing in it" if missing else ""

    def _seen(self, store: BagStore, receipt: Receipt) -> ReadBack:
        for wait_s in LOOKS_S:
            self._pause(wait_s)
            problem, files = _look(store, receipt)
            if not problem:
                return ReadBack(store=store.address, files=files)
        raise NotProved(f"{problem}, in {store.address}")

    def _read_whole(self, receipt: Receipt) -> None:
        for address in receipt.stores:
            differs = difference(self._stores[address].read_back(receipt.bag), receipt.files)
            if differs:
                raise ArchiveError(f"the bag {receipt.bag} in {address}, copied by a worker, is not whole: {differs}")


def _receipt_of(statement: bytes, job: Job) -> Receipt:
    """Read the receipt of a statement; every value of it is made here, of the type it has to be."""
    try:
        told = read_statement(statement)
        return Receipt(
            job_id=JobId(_text(told.job_id)),
            fingerprint=_text(told.fingerprint),
            bag=_text(told.bag),
            stores=tuple(_text(address) for address in told.stores),
            files=tuple(
                BagFile(path=_text(file.path), size=_length(file.size), sha256=_text(file.sha256))
                for file in told.files
            ),
            evidence=tuple((_text(path), _text(line)) for path, line in told.evidence),
            verified_at=told.verified_at,
        )
    except (ValueError, TypeError) as error:
        raise _disbelieved(job, str(error)) from error


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError(f"{type(told).__name__} for a text")
    return told


def _length(told: object) -> int:
    if type(told) is not int:
        raise TypeError(f"{type(told).__name__} for a length")
    return told


def _look(store: BagStore, receipt: Receipt) -> tuple[str, tuple[BagFile, ...]]:
    """Look at a bag and its receipt in a store; give what is wrong, and the files with the lengths that they have."""
    if not store.has(receipt.bag):
        return "the bag is not there", ()
    sizes = store.sizes(receipt.bag)
    files = tuple(BagFile(path=file.path, size=sizes.get(file.path, -1), sha256=file.sha256) for file in receipt.files)
    if len(sizes) != len(files):
        return f"the bag has {len(sizes)} files and not {len(files)}", files
    short = difference(files, receipt.files)
    if short:
        return short, files
    return _problem_of_manifests(store, receipt) or _problem_of_receipt(store, receipt), files


def _problem_of_manifests(store: BagStore, receipt: Receipt) -> str:
    """Read the tag files, which name the hash of every other file, and hold them against the receipt."""
    tags = {name: store.read_file(f"{receipt.bag}/{name}") for name in TAG_FILES}
    told = {file.path: file.sha256 for file in receipt.files}
    for name, content in tags.items():
        if hashlib.sha256(content).hexdigest() != told[name]:
            return f"{name} is not what the receipt says"
    return manifest_problem(receipt.files, {name: tags[name] for name in MANIFESTS})


def _problem_of_receipt(store: BagStore, receipt: Receipt) -> str:
    name = receipt_name(receipt.job_id, receipt.fingerprint)
    if not store.has(name):
        return "its receipt is not there"
    differs = receipt_difference(store.read_file(name), receipt)
    return f"its receipt there: {differs}" if differs else ""


def _disbelieved(job: Job, why: str) -> ArchiveError:
    return ArchiveError(
        f"a worker's receipt of {job.id} does not hold: {why}",
        hint="Look at the workers and at what they see as the stores; nothing was cleaned for it.",
    )
