"""Copy all a job has, prove each file, put the bag in every store, read it back, and only then say so.

download -> prove -> close the bag -> publish in one store, copy it to the others -> read back -> receipt (written last)
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.archive.acceptance import Reading, Verdict, verdict
from reconciler.archive.bag import (
    Wanted,
    close_bag,
    expected_paths,
    manifest_problem,
    wanted_files,
    write_inline,
)
from reconciler.archive.copying import copied_bag
from reconciler.archive.download import Downloader, shown
from reconciler.archive.guide import leave_guide
from reconciler.archive.names import bag_name, receipt_name
from reconciler.archive.proof import judge
from reconciler.archive.receipt_files import leave_receipt
from reconciler.archive.statement import read_statement
from reconciler.archive.stores import BagStore
from reconciler.archive.stores.local import not_writable
from reconciler.archive.workshop import Workshop
from reconciler.core.desired import SecondRead
from reconciler.core.job import AssetForm, Job
from reconciler.core.receipt import BagFile, NotProved, ReadBack, Receipt, VerifiedReceipt
from reconciler.engine.ports import Clock, JobDetail, Signer
from reconciler.engine.talk import Say, silent
from reconciler.errors import ArchiveError, StoreNotWritable

MANIFESTS = ("manifest-sha256.txt", "tagmanifest-sha256.txt")
FOUND = (("", "the bag was there; read again against its manifests"),)


@dataclass(frozen=True, slots=True)
class _Bag:
    """A bag that stands in at least one store: its files, and how each was proved."""

    files: tuple[BagFile, ...]
    evidence: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Fetched:
    """An asset that was taken: the file of the bag as it came over the wire, and how it was proved."""

    file: BagFile
    evidence: str


class BagArchiver:
    """Implements engine.ports.Archiver over any number of stores, of which `copies` must hold the bag.

    Threads may share it, each with a job of its own.

    A store that takes no more is gone without, and said, as long as enough of the others hold the bag; a bag that is
    not whole is an error in any of them.
    """

    def __init__(
        self,
        stores: tuple[BagStore, ...],
        *,
        copies: int,
        second_read: SecondRead,
        downloader: Downloader,
        clock: Clock,
        account: str,
        tool: str,
        signer: Signer | None = None,
        say: Say = silent,
    ) -> None:
        self._stores = stores
        self._copies = copies
        self._second_read = second_read
        self._say = say
        self._downloader = downloader
        self._clock = clock
        self._account = account
        self._tool = tool
        self._signer = signer
        self._guided: set[str] = set()
        self._guiding = threading.Lock()

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
        for store in held:
            store.stays(name)  # whoever put it there may have died before its name was durable
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
        with self._workshop(name, detail.job, first) as workshop:
            inline, fetched = write_inline(detail, workshop.bag), self._all_fetched(workshop, detail.job, first)
            payload = (*inline, *(each.file for each in fetched))
            files = close_bag(
                workshop.bag, detail.job, payload, account=self._account, tool=self._tool, at=self._clock.now()
            )
            first.publish(workshop.bag, name)
        return _Bag(files, tuple((each.file.path, each.evidence) for each in fetched))

    @contextmanager
    def _workshop(self, name: str, job: Job, store: BagStore) -> Iterator[Workshop]:
        """Give a place for the bag to be made in, with the downloads that an earlier attempt left.

        It is gone afterwards, unless there is something that the next attempt can go on with.  A store that takes no
        more may be full, and then what is unfinished makes room.
        """
        unfinished = name.replace("/", "-")
        workshop = _taken_up(unfinished, job, store) or Workshop.over(store.workplace(unfinished))
        stays = False
        try:
            workshop.lay_out()
            yield workshop
        except StoreNotWritable:
            raise
        except OSError as error:
            raise not_writable(store.address, "written to", error) from error
        except BaseException:
            stays = workshop.is_worth_going_on
            raise
        finally:
            (store.leave if stays else store.discard)(workshop.folder)

    def _all_fetched(self, workshop: Workshop, job: Job, store: BagStore) -> tuple[_Fetched, ...]:
        files = [wanted for wanted in wanted_files(job) if wanted.asset.form is AssetForm.FILE]
        return tuple(self._fetched(wanted, workshop, store) for wanted in files)

    def _fetched(self, wanted: Wanted, workshop: Workshop, store: BagStore) -> _Fetched:
        """Fetch one asset into its place and prove it."""
        asset, path = wanted.asset, workshop.bag / wanted.path
        path.parent.mkdir(parents=True, exist_ok=True)
        notes = workshop.notes_of(path)
        transfer = self._downloader.fetch(asset.address, path, room=store.room_for, notes=notes)
        judgement = judge(path, asset.extension, transfer)
        decided, told = verdict(judgement, self._second_read), judgement.evidence
        if decided is Verdict.READ_AGAIN:
            again = self._downloader.read_again(asset.address)
            reading = Reading.EQUAL if again.sha256 == transfer.sha256 else Reading.DIFFERENT
            decided = verdict(judgement, self._second_read, reading)
            told = f"{told}; a second reading is {reading.value}"
        if decided is not Verdict.TAKE:
            notes.unlink(missing_ok=True)  # nobody goes on with it
            why = judgement.refusal or "two readings of it differ"
            raise ArchiveError(f"the {asset.kind.value} from {shown(asset.address)} is refused: {why}")
        return _Fetched(BagFile(path=wanted.path, size=transfer.size, sha256=transfer.sha256), told)

    # -- the other stores

    def _copied(self, source: BagStore, target: BagStore, name: str, bag: _Bag) -> None:
        with copied_bag(source, target, name, bag.files) as workplace:
            target.publish(workplace, name)

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
        for store in stores:
            self._leave_guide(store)
            leave_receipt(store, receipt, tool=self._tool, signer=self._signer)
        return proof

    def _leave_guide(self, store: BagStore) -> None:
        """Leave a text for strangers in the root of a store, once, whichever job comes to it first."""
        with self._guiding:
            if store.address not in self._guided:
                leave_guide(store)
            self._guided.add(store.address)


def _taken_up(name: str, job: Job, store: BagStore) -> Workshop | None:
    """Give what an earlier attempt left, with nothing in it but downloads that are worth going on with."""
    left = store.take_up(name)
    if left is None:
        return None
    workshop = Workshop.over(left)
    try:
        workshop.keep_only(wanted.path for wanted in wanted_files(job) if wanted.asset.form is AssetForm.FILE)
    except OSError:  # another user's, who may go on with it
        store.leave(left)
        return None
    return workshop
