"""A small model of one job's way out, of everything that may happen beside it, and a walk through all of its states.

Two runs at once, or one after the other; each may end anywhere, alone or with the power of the machine.  Requests are
lost before or after their effect, or refused; the job changes, is made anew, is cleaned by somebody else; the lease
runs out; a second plan is reviewed.  Each guard of the program is a name in GUARDS, and can be taken out.

Four things are assumed, as the program must assume them.  A job's facts do not change between the last look at it and
the effect of the request that follows: the service has no clean on a condition.  And a request that a run sends under
a lease that outlasts it has taken effect or never will when that lease is over.  And an id is not given to a new job
while the clean of the old one was not heard of.  And what the service shows may lag behind a clean while the run that
sent it looks on, not when the next run asks.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from reconciler.core.steps import FOLLOWS, Phase

GUARDS = frozenset(
    {
        "recovery comes first",
        "every write names its epoch",
        "the lease outlasts a clean",
        "a bag is synced before it is believed",
        "a bag that was there is synced too",
        "the job is read again before CLEANING",
        "CLEANING is durable before the request",
        "the job is read again before the second request",
        "there is no third request",
        "a refusal of the second request proves nothing",
        "an answer is confirmed by a look",
        "recovery asks before it tells",
        "a plan is used once",
    }
)

MOST_CHANGES, MOST_PLANS = 1, 2
GONE, NOT_SEEN = -1, -2
"""In place of the facts of a job: it is not there; nobody looked."""

WINDOW = frozenset({"cleaning", "cleaning, unchecked", "send", "send again"})
"""Where a run has looked for the last time and its request may still take effect."""


class Broken(AssertionError):
    """An invariant does not hold after the steps that are told."""


class Run(NamedTuple):
    """One run: where it is, whether its epoch is the newest, the facts its plan approves, those it saw last."""

    at: str
    approved: int
    is_newest: bool = True
    seen: int = NOT_SEEN
    sent: int = 0
    heard: str = ""

    def moved(self, at: str, *, seen: int = NOT_SEEN, sent: int = 0, heard: str = "") -> "Run":
        """Give the run where it is next, with what it still needs to know there, and nothing else."""
        return Run(at, self.approved, self.is_newest, seen, sent, heard)


class World(NamedTuple):
    """Everything there is.  Facts of the job are numbers; `cached` bags are lost with the power, `durable` ones not."""

    facts: int = 0
    is_there: bool = True
    ours: frozenset[int] = frozenset()
    unheard: int = NOT_SEEN
    changes: int = 0
    cached: frozenset[int] = frozenset()
    durable: frozenset[int] = frozenset()
    phase: Phase | None = None
    entry: int = NOT_SEEN
    receipts: frozenset[int] = frozenset()
    is_held: bool = False
    approved: int = 0
    is_spent: bool = False
    is_back: bool = False
    plans: int = 1
    runs: tuple[Run | None, Run | None] = (None, None)
    begun: int = 0


Edges = set[tuple[Phase | None, Phase]]


class Walk(NamedTuple):
    """What a walk through all states found."""

    states: int
    steps: int
    edges: Edges


class Model:
    """The steps that are possible, with the guards that are there."""

    def __init__(self, guards: frozenset[str] = GUARDS, *, most_runs: int = 2) -> None:
        unknown = guards - GUARDS
        assert not unknown, unknown
        self._guards = guards
        self._most_runs = most_runs
        self.edges: Edges = set()

    def steps(self, world: World) -> Iterator[tuple[str, World]]:
        """Give every step that may come next, by its name, and the world after it."""
        yield from self._of_others(world)
        for place, run in enumerate(world.runs):
            if run is None:
                if world.begun < self._most_runs and not world.is_held:
                    yield f"run {place} takes the lease", self._begin(world, place)
                continue
            for name, after, moved in self._of_run(world, run):
                yield f"run {place} {name}", _put(after, place, moved)
            yield f"run {place} is killed", _put(world, place, None)

    # -- what happens beside the runs

    def _of_others(self, world: World) -> Iterator[tuple[str, World]]:
        is_looking = any(run and run.at in WINDOW for run in world.runs)
        may_come = world.is_there or world.unheard == NOT_SEEN
        if world.changes < MOST_CHANGES and may_come and not is_looking:
            name = "the job changes" if world.is_there else "a job is made anew under its id"
            yield name, world._replace(facts=world.facts + 1, is_there=True, changes=world.changes + 1)
        if not world.is_there and world.unheard == NOT_SEEN and not world.is_back and not is_looking:
            yield "the job comes back as it was", world._replace(is_there=True, is_back=True)
        if world.is_there:
            yield "somebody else cleans the job", world._replace(is_there=False)
        if world.plans < MOST_PLANS and world.is_there:
            yield "a plan is reviewed", world._replace(approved=world.facts, is_spent=False, plans=world.plans + 1)
        if world.is_held and not self._is_sending(world):
            yield "the lease runs out", world._replace(is_held=False)
        if world.cached - world.durable or any(world.runs):
            yield "the power fails", world._replace(cached=world.durable, runs=(None, None))

    def _is_sending(self, world: World) -> bool:
        """A lease was looked at, and outlasts the request: no time is lost in between (the second assumption)."""
        return any(run and run.at in {"send", "send again", "cleaning"} and run.is_newest for run in world.runs)

    # -- one run

    def _begin(self, world: World, place: int) -> World:
        fenced = tuple(run and run._replace(is_newest=False) for run in world.runs)
        taken = world._replace(is_held=True, begun=world.begun + 1, runs=(fenced[0], fenced[1]))
        return _put(taken, place, Run("check", world.approved))

    def _of_run(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        yield from getattr(self, "_at_" + run.at.replace(",", "").replace(" ", "_"))(world, run)

    def _at_check(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        recovers = "recovery comes first" in self._guards
        if "a plan is used once" in self._guards and world.is_spent:
            yield "finds its plan spent", self._released(world, run), None
        else:
            yield "may use its plan", world, run.moved("recover" if recovers else "decide")

    def _at_recover(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        if world.phase is not Phase.CLEANING:
            yield "finds nothing left open", world, run.moved("decide")
        elif "recovery asks before it tells" in self._guards:
            yield "asks what became of a clean", world, run.moved("tell", seen=_look(world))
        else:
            yield "takes a clean for one that never left", world, run.moved("tell", seen=world.entry)

    def _at_tell(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        phase = Phase.CLEANED if run.seen == GONE else Phase.NOT_CLEANED
        yield from self._written(world, run, phase, "decide", facts=world.entry)

    def _at_decide(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        if world.is_there and world.facts == run.approved:
            yield "decides that the job goes", world, run.moved("begin")
        else:
            _must(
                not run.is_newest or world.phase is not Phase.CLEANING,
                "a run ends, and nobody asked about a clean (I8)",
            )
            is_done = world.phase is Phase.CLEANED and world.entry == run.approved
            yield "finds nothing to do", self._released(world, run, is_done=is_done), None

    def _at_begin(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        yield from self._written(world, run, Phase.BEGIN, "look")

    def _at_look(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        seen = _look(world)
        yield "looks at the job", world, run.moved("copy" if seen == run.approved else "abandon")
        yield "cannot look at the job", world, run.moved("abandon")

    def _at_abandon(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        yield from self._written(world, run, Phase.ABANDONED, "end")

    def _at_copy(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        yield "fails to copy the job", world, run.moved("abandon")
        if run.approved in world.cached:
            is_synced = "a bag that was there is synced too" in self._guards
            yield "finds a bag of the job", world, run.moved("sync" if is_synced else "prove")
        elif _look(world) == run.approved:
            is_synced = "a bag is synced before it is believed" in self._guards
            copied = world._replace(cached=world.cached | {run.approved})
            yield "copies the job", copied, run.moved("sync" if is_synced else "prove")

    def _at_sync(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        if run.approved in world.cached:
            yield "syncs the bag", world._replace(durable=world.durable | {run.approved}), run.moved("prove")

    def _at_prove(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        if run.approved not in world.cached:
            return
        if not self._may_write(world, run, Phase.ARCHIVED):
            yield "is fenced out", world, None
            return
        self.edges.add((world.phase, Phase.ARCHIVED))
        rereads = "the job is read again before CLEANING" in self._guards
        proved = run.moved("look again" if rereads else "cleaning, unchecked")
        after = world._replace(phase=Phase.ARCHIVED, entry=run.approved, receipts=world.receipts | {run.approved})
        yield "writes ARCHIVED", after, proved

    def _at_look_again(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        seen = _look(world)
        yield "cannot look again", world, run.moved("abandon")
        fits = seen == run.approved
        yield "looks again", world, run.moved("cleaning, unchecked" if fits else "abandon")

    def _at_cleaning_unchecked(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        if "the lease outlasts a clean" not in self._guards:
            yield "does not look at its lease", world, run.moved("cleaning, late")
        elif self._may_write(world, run):
            yield "has time enough", world, run.moved("cleaning")
        else:
            yield "is fenced out", world, None

    def _at_cleaning(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        if "CLEANING is durable before the request" in self._guards:
            yield from self._written(world, run, Phase.CLEANING, "send")
        else:
            yield "sends first", world, run.moved("send")

    def _at_cleaning_late(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        yield from self._written(world, run, Phase.CLEANING, "send late")

    def _at_send(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        yield from self._sent(world, run)

    _at_send_again = _at_send_late = _at_send

    def _sent(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        sent = run.moved("heard", sent=run.sent + 1)
        if sent.sent > 2:
            raise Broken("a third request")
        done = self._cleaned(world, run) if world.is_there else world
        yield "sends a clean that is done", done, sent._replace(heard="done")
        yield "sends a clean that is told as done and is not", world, sent._replace(heard="done")
        yield "sends a clean whose answer is lost", done, sent._replace(heard="nothing")
        yield "sends a clean whose answer says nothing", done, sent._replace(heard="nonsense")
        yield "sends a clean that is lost", world, sent._replace(heard="nothing")
        yield "sends a clean that does nothing", world, sent._replace(heard="nonsense")
        yield "sends a clean that is refused", world, sent._replace(heard="refused")

    def _cleaned(self, world: World, run: Run) -> World:
        """The one irreversible step, and all that must be so when it is taken."""
        facts = world.facts
        _must(facts in world.durable, "cleaned, and the archive would not outlive a power failure (I1)")
        _must(facts in world.receipts, "cleaned without a receipt for these facts (I1)")
        _must(facts == run.approved, "cleaned, and nobody approved these facts (I3)")
        is_used = world.is_spent and run.approved == world.approved
        _must(not is_used, "cleaned by a plan that was used before (I3)")
        _must(run.is_newest, "cleaned by a run that was fenced out (I3)")
        _must(world.phase is Phase.CLEANING and world.entry == facts, "cleaned, and the journal does not say so (I8)")
        return world._replace(is_there=False, ours=world.ours | {facts}, unheard=facts)

    def _at_heard(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        is_first = run.sent == 1
        believes = "a refusal of the second request proves nothing" not in self._guards
        if run.heard == "refused" and (is_first or believes):
            yield from self._written(world, run, Phase.NOT_CLEANED, "end")
        elif run.heard == "done" and "an answer is confirmed by a look" not in self._guards:
            yield from self._written(world, run, Phase.CLEANED, "end")
        elif run.heard == "nothing" and (is_first or "there is no third request" not in self._guards):
            for seen in _looks(world):
                yield "looks what became of it", world, run.moved("perhaps again", seen=seen, sent=run.sent)
            yield "cannot look what became of it", self._released(world, run), None
        else:
            for seen in _looks(world):
                yield "looks what became of it", world, run.moved("settle", seen=seen)

    def _at_perhaps_again(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        rereads = "the job is read again before the second request" in self._guards
        if rereads and run.seen != run.approved:
            yield "sends no second one", world, run.moved("settle", seen=run.seen)
        elif not self._may_write(world, run):
            yield "is fenced out", world, None
        else:  # with the look, one step of time: the first assumption
            for seen in _looks(world) if rereads else {run.approved}:
                if seen == run.approved:
                    yield "may send it again", world, run.moved("send again", sent=run.sent)

    def _at_settle(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        if run.seen == GONE:
            yield from self._written(world, run, Phase.CLEANED, "end")
        else:
            yield "leaves it open", self._released(world, run), None

    def _at_end(self, world: World, run: Run) -> Iterator[tuple[str, World, Run | None]]:
        yield "ends", self._released(world, run, is_done=world.phase is Phase.CLEANED), None

    # -- the ledger

    def _may_write(self, world: World, run: Run, phase: Phase | None = None) -> bool:
        if phase is not None and phase not in FOLLOWS[world.phase]:
            return False
        is_holder = world.is_held and run.is_newest
        return is_holder or "every write names its epoch" not in self._guards

    def _written(
        self, world: World, run: Run, phase: Phase, then: str, facts: int | None = None
    ) -> Iterator[tuple[str, World, Run | None]]:
        if not self._may_write(world, run, phase):
            yield "is fenced out", world, None
            return
        if run.is_newest:
            self.edges.add((world.phase, phase))
        heard = NOT_SEEN if phase is Phase.CLEANED else world.unheard
        of = run.approved if facts is None else facts
        yield f"writes {phase.name}", world._replace(phase=phase, entry=of, unheard=heard), run.moved(then)

    def _released(self, world: World, run: Run, *, is_done: bool = False) -> World:
        if not run.is_newest or not world.is_held:
            return world
        spends = is_done and run.approved == world.approved
        return world._replace(is_held=False, is_spent=world.is_spent or spends)


def holds(world: World) -> None:
    """See that what must be so in every state is so.

    Raises:
        Broken: it is not.
    """
    _must(world.ours <= world.durable, "cleaned, and the archive has lost it (I1)")
    if world.unheard != NOT_SEEN:
        _must(world.phase is Phase.CLEANING, "cleaned, and no later run would ask (I8)")
    if world.phase is Phase.CLEANED:
        is_there = world.is_there and world.facts == world.entry and not world.is_back
        _must(not is_there, "told as cleaned, and it stands as it was (I10)")


def walk(model: Model) -> Walk:
    """Visit every state that can be reached.

    Raises:
        Broken: an invariant does not hold; with the steps that lead there, as few as possible.
    """
    first = World()
    came_by: dict[World, tuple[World, str] | None] = {first: None}
    queue, steps = deque([first]), 0
    while queue:
        world = queue.popleft()
        try:
            following = list(model.steps(world))
        except Broken as error:
            raise Broken(_told(error, came_by, world)) from None
        steps += len(following)
        for name, after in following:
            if after not in came_by:
                came_by[after] = (world, name)
                queue.append(after)
                try:
                    holds(after)
                except Broken as error:
                    raise Broken(_told(error, came_by, after)) from None
    return Walk(len(came_by), steps, model.edges)


def _told(error: Broken, came_by: dict[World, tuple[World, str] | None], world: World) -> str:
    names: list[str] = []
    came = came_by[world]
    while came is not None:
        names.append(came[1])
        came = came_by[came[0]]
    return "\n  ".join((f"{error}, after", *reversed(names)))


def _look(world: World) -> int:
    return world.facts if world.is_there else GONE


def _looks(world: World) -> set[int]:
    """What a look may show to the run that has sent a clean: what is, or what was a moment ago."""
    return {_look(world)} | ({world.unheard} - {NOT_SEEN})


def _put(world: World, place: int, run: Run | None) -> World:
    first, second = world.runs
    return world._replace(runs=(run, second) if place == 0 else (first, run))


def _must(is_so: bool, broken: str) -> None:
    if not is_so:
        raise Broken(broken)
