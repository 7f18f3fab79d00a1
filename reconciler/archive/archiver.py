"""Copy all a job has, prove each file, put the bag in every store, read it back, and only then say so.

download -> prove -> close the bag -> publish in one store, copy it to the others -> read back -> receipt (written last)
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.archive.bag import (
    close_bag,
    expected_paths,
    manifest_problem,
    wanted_files,
    write_inline,
)
from reconciler.archive.download import Downloader, shown
from reconciler.archive.names import bag_name, receipt_name, safe_id
from reconciler.archive.proof import etag_may_be_md5, judge
from reconciler.archive.statement import read_statement, statement_of
from reconciler.archive.stores import BagStore
from reconciler.archive.stores.local import BLOCK_BYTES, not_writable
from reconciler.core.job import Asset, AssetForm
from reconciler.core.receipt import BagFile, NotProved, ReadBack, Receipt, VerifiedReceipt
from reconciler.engine.ports import Clock, JobDetail
from reconciler.engine.talk import Say, silent
from reconciler.errors import ArchiveError, StoreNotWritable

MANIFESTS = ("manifest-sha256.txt", "tagmanifest-sha256.txt")
FOUND = (("", "the bag was there; read again against its manifests"),)


@dataclass(frozen=True, slots=True)
class _Bag:
    """A bag that stands in at least one store: its files, and how each was proved."""

    files: tuple[BagFile, ...]
    evidence: tuple[tuple[str, str], ...]


class BagArchiver:
    """Implements engine.ports.Archiver over any number of stores, of which `copies` must hold the bag.

    A store that takes no more is gone without, and said, as long as enough of the others hold the bag; a bag that is
    not whole is an error in any of them.
    """

    def __init__(
        self,
        stores: tuple[BagStore, ...],
        *,
        copies: int,
        downloader: Downloader,
        clock: Clock,
        account: str,
        tool: str,
        say: Say = silent,
    ) -> None:
        self._stores = stores
        self._copies = copies
        self._say = say
        self._downloader = downloader
        self._clock = clock
        self._account = account
        self._tool = tool

    def archive(self, detail: JobDetail) -> VerifiedReceipt:
        """Copy everything the job has, read it back, write the receipt.

        Raises:
            StoreNotWritable: a store takes no more.
            ArchiveError: an asset could not be had whole, or a bag that is there already is damaged.
        """
        job = detail.job
        name = bag_name(job.id, job.fingerprint)
        held = [store for store in self._stores if store.has(name)]
        bag = self._found(held[0], name, detail) if held else None
        spare = len(self._stores) - self._copies
        for store in [each for each in self._stores if each not in held]:
            try:
                if bag is None:
                    bag = self._made(detail, name, store)
                else:
                    self._copied(held[0], store, name, bag)
            except StoreNotWritable as error:
                if spare < 1:
                    raise
                spare -= 1
                self._say(f"{error.message}; jobs go without a copy there, as archive.copies allows")
            else:
                held.append(store)
        if bag is None:
            raise ArchiveError(f"no store takes the bag {name}")
        return self._proved(detail, name, bag, [store for store in self._stores if store in held])

    # -- a bag that is there already

    def _found(self, store: BagStore, name: str, detail: JobDetail) -> _Bag:
        files = store.read_back(name)
        problem = self._problem_of_found(store, name, files, detail)
        if problem:
            raise ArchiveError(
                f"the bag {name} in {store.address} is there already and is not whole: {problem}",
                hint="Move it out of the archive, look at it, and apply again; a bag is never overwritten.",
            )
        receipt = receipt_name(detail.job.id, detail.job.fingerprint)
        evidence = read_statement(store.read_file(receipt)).evidence if store.has(receipt) else FOUND
        return _Bag(files, evidence)

    def _problem_of_found(self, store: BagStore, name: str, files: tuple[BagFile, ...], detail: JobDetail) -> str:
        present = {file.path for file in files}
        missing = ({"bagit.txt", "bag-info.txt", *MANIFESTS} | expected_paths(detail.job)) - present
        if missing:
            return f"{min(missing)} is missing"
        problem = manifest_problem(files, {each: store.read_file(f"{name}/{each}") for each in MANIFESTS})
        return problem or self._differs_from_receipt(store, files, detail)

    def _differs_from_receipt(self, store: BagStore, files: tuple[BagFile, ...], detail: JobDetail) -> str:
        name = receipt_name(detail.job.id, detail.job.fingerprint)
        if not store.has(name):
            return ""  # the run died between publishing the bag and writing the receipt
        try:
            receipt = read_statement(store.read_file(name))
        except ValueError as error:
            return f"its receipt {name} cannot be read: {error}"
        if (receipt.job_id, receipt.fingerprint) != (detail.job.id, detail.job.fingerprint):
            return f"its receipt {name} is of another job"
        return "" if receipt.files == files else f"its receipt {name} names other files"

    # -- a new bag

    def _made(self, detail: JobDetail, name: str, first: BagStore) -> _Bag:
        workplace = first.workplace(safe_id(detail.job.id))
        try:
            evidence = self._fill(workplace, detail, first)
            files = close_bag(workplace, detail.job, account=self._account, tool=self._tool, at=self._clock.now())
            first.publish(workplace, name)
        except OSError as error:
            raise not_writable(first.address, "written to", error) from error
        finally:
            first.discard(workplace)
        return _Bag(files, evidence)

    def _fill(self, workplace: Path, detail: JobDetail, store: BagStore) -> tuple[tuple[str, str], ...]:
        write_inline(detail, workplace)
        evidence = []
        for wanted in wanted_files(detail.job):
            if wanted.asset.form is AssetForm.FILE:
                path = workplace / wanted.path
                path.parent.mkdir(parents=True, exist_ok=True)
                evidence.append((wanted.path, self._fetched(wanted.asset, path, store)))
        return tuple(evidence)

    def _fetched(self, asset: Asset, path: Path, store: BagStore) -> str:
        """Fetch one asset into `path` and prove it; give the evidence."""
        transfer = self._downloader.fetch(asset.address, path, room=store.room_for)
        judgement = judge(path, asset.extension, transfer)
        if judgement.refusal:
            raise ArchiveError(f"the {asset.kind.value} from {shown(asset.address)} is refused: {judgement.refusal}")
        if not etag_may_be_md5(transfer):
            return judgement.evidence
        # The tag looks like an MD5 and is not this file's: either it is no MD5, or a byte was changed on the way.
        again = self._downloader.fetch(asset.address, path, room=store.room_for)
        if again.sha256 != transfer.sha256:
            raise ArchiveError(
                f"the {asset.kind.value} from {shown(asset.address)} is refused: two readings of it differ"
            )
        return f"{judgement.evidence}; ETag is not its MD5, a second reading is equal"

    # -- the other stores

    def _copied(self, source: BagStore, target: BagStore, name: str, bag: _Bag) -> None:
        target.room_for(sum(file.size for file in bag.files))
        workplace = target.workplace(name.replace("/", "-"))
        try:
            for file in bag.files:
                path = workplace / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                with source.reading(f"{name}/{file.path}") as read, path.open("xb") as written:
                    shutil.copyfileobj(read, written, BLOCK_BYTES)
            target.publish(workplace, name)
        except OSError as error:
            raise not_writable(target.address, "written to", error) from error
        finally:
            target.discard(workplace)

    # -- the proof

    def _proved(self, detail: JobDetail, name: str, bag: _Bag, stores: Sequence[BagStore]) -> VerifiedReceipt:
        job = detail.job
        read_backs = tuple(ReadBack(store=store.address, files=store.read_back(name)) for store in stores)
        receipt = Receipt(
            job_id=job.id,
            fingerprint=job.fingerprint,
            bag=name,
            stores=tuple(store.address for store in stores),
            files=bag.files,
            evidence=bag.evidence,
            verified_at=self._clock.now(),
        )
        try:
            proof = VerifiedReceipt(receipt=receipt, read_backs=read_backs, copies=self._copies)
        except NotProved as error:
            raise ArchiveError(f"the archive of {job.id} could not be proved: {error}") from error
        receipt_file = receipt_name(job.id, job.fingerprint)
        for store in stores:
            if not store.has(receipt_file):
                store.publish_file(statement_of(receipt, tool=self._tool), receipt_file)
        return proof
