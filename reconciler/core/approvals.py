"""What a plan allows beyond its file, for itself alone: said when it is made, told in it, and recorded by its apply."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from reconciler.core.desired import DesiredState, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """Limits in place of the file's, None where the file's stands; and the name of the loss of rules that is meant.

    `max_share` is a part of one, `max_bytes` in bytes; `rules_lost` is as `RulesCompared.name` gives it, "" for none.
    """

    max_jobs: int | None = None
    max_share: Fraction | None = None
    max_bytes: int | None = None
    rules_lost: str = ""

    @property
    def named(self) -> dict[str, object]:
        """What of it is said, as a JSON-like value: part of a plan's name and of its saved form."""
        share = None if self.max_share is None else f"{self.max_share.numerator}/{self.max_share.denominator}"
        said = {"max_jobs": self.max_jobs, "max_share": share, "max_bytes": self.max_bytes}
        return {
            **{key: value for key, value in said.items() if value is not None},
            **({"rules_lost": self.rules_lost} if self.rules_lost else {}),
        }

    def over(self, limits: Limits) -> Limits:
        """Give the limits that count for the plan."""
        return replace(
            limits,
            max_jobs=limits.max_jobs if self.max_jobs is None else self.max_jobs,
            max_share=limits.max_share if self.max_share is None else self.max_share,
            max_bytes=limits.max_bytes if self.max_bytes is None else self.max_bytes,
        )

    def over_file(self, desired: DesiredState) -> DesiredState:
        """Give the file with the limits that count for the plan, under its own digest."""
        return replace(desired, limits=self.over(desired.limits))

    def changed(self, limits: Limits) -> Iterator[tuple[str, object, object]]:
        """Give each limit that is another than the file's: its key, the file's value, and the plan's."""
        ours = self.over(limits)
        for key in ("max_jobs", "max_share", "max_bytes"):
            if getattr(ours, key) != getattr(limits, key):
                yield f"clean.{key}", getattr(limits, key), getattr(ours, key)


NO_APPROVALS = Approvals()
