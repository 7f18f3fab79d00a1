"""What the three ports share."""

from dataclasses import dataclass, field

from reconciler.emulator.faults import Faults
from reconciler.emulator.requests_log import RequestsLog
from reconciler.emulator.world import World


@dataclass
class State:
    """The world, the scripts of bad days, the log, and how the account answers."""

    world: World
    key: str
    page_size: int
    media_mb: int
    asset_base: str = ""
    faults: Faults = field(default_factory=Faults)
    log: RequestsLog = field(default_factory=RequestsLog)
    cleaned_by: dict[str, int] = field(default_factory=dict)  # job id to the sequence of the request that cleaned it
