"""Time that a test moves by hand: a pause moves it on and is remembered."""

from dataclasses import dataclass, field


@dataclass
class HandMadeTime:
    """A clock in seconds and the pauses that were made by it."""

    at: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.at += seconds
