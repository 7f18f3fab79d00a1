"""What is found about a file: a code that does not change, how bad it is, where, and what to do."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How bad a finding is: an error stops a plan, a warning only under `--strict`, a note never."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding.  `place` is `file:line:column`, or says where a key would go; `rule` names the rule, or is ""."""

    code: str
    severity: Severity
    message: str
    place: str
    rule: str = ""

    @property
    def line(self) -> str:
        """The finding as one line for people."""
        return f"{self.place}: {self.message}"
