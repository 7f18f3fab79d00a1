"""What the three ports share."""

from dataclasses import dataclass, field

from reconciler.emulator.bodies import Addresses
from reconciler.emulator.faults import Faults
from reconciler.emulator.folder import Folder
from reconciler.emulator.limits import Limit, Line
from reconciler.emulator.requests_log import RequestsLog
from reconciler.emulator.switches import Switches
from reconciler.emulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the account accepts."""

    key: str
    client_id: str
    client_secret: str


@dataclass
class State:
    """The world, the scripts of bad days, the log, and how the account answers."""

    world: World
    credentials: Credentials
    asset_base: str = ""
    may_call_anywhere: bool = False
    folder: Folder | None = None
    faults: Faults = field(default_factory=Faults)
    log: RequestsLog = field(default_factory=RequestsLog)
    limit: Limit = field(default_factory=Limit)
    line: Line = field(default_factory=Line)
    tokens: dict[str, int] = field(default_factory=dict)  # OAuth token to the emulator's time at which it ends
    webhooks: list[dict[str, object]] = field(default_factory=list)  # what was sent, or why not
    cleaned_by: dict[str, int] = field(default_factory=dict)  # job id to the sequence of the request that cleaned it

    @property
    def switches(self) -> Switches:
        """How the account behaves."""
        return self.world.switches

    @property
    def addresses(self) -> Addresses:
        """Where files are."""
        return Addresses(self.asset_base, self.switches.signed_links_s, self.world.clock)
