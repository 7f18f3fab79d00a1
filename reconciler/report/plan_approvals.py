"""What a saved plan tells beside its decisions, both ways: rules that were lost, and what it allows beyond its file."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from reconciler.core.approvals import Approvals
from reconciler.core.canonical import utc_text, utc_time
from reconciler.core.rule_loss import Lost, RuleLoss, RuleRenamed, RulesCompared


def rules_json(rules: RulesCompared | None) -> dict[str, object]:
    """Give what is told of the file's rules, nothing where there was nothing to compare with."""
    if rules is None:
        return {}
    return {
        "applied": {"digest": rules.digest, "at": utc_text(rules.applied_at)},
        "rules_lost": [
            {
                "rule": each.rule,
                "how": each.how.value,
                "kept": each.kept,
                "freed": each.freed,
                "released": each.released,
                "unnamed": each.unnamed,
                "was": each.was,
                "now": each.now,
            }
            for each in rules.lost
        ],
        "rules_renamed": [{"before": each.before, "now": each.now} for each in rules.renamed],
    }


def read_rules(desired: Mapping[str, Any]) -> RulesCompared | None:
    """Read what `rules_json` gave.

    Raises:
        ValueError: a value of it has another form.
    """
    if "applied" not in desired:
        return None
    return RulesCompared(
        digest=desired["applied"]["digest"],
        applied_at=utc_time(desired["applied"]["at"]),
        lost=tuple(RuleLoss(**{**each, "how": Lost(each["how"])}) for each in desired["rules_lost"]),
        renamed=tuple(RuleRenamed(each["before"], each["now"]) for each in desired["rules_renamed"]),
    )


def read_approvals(named: Mapping[str, Any]) -> Approvals:
    """Read what `Approvals.named` gave.

    Raises:
        ValueError: a value of it has another form.
    """
    share = named.get("max_share")
    return Approvals(
        max_jobs=named.get("max_jobs"),
        max_share=None if share is None else _share(share),
        max_bytes=named.get("max_bytes"),
        rules_lost=named.get("rules_lost", ""),
    )


def _share(text: str) -> Fraction:
    part, _, whole = text.partition("/")
    try:
        return Fraction(int(part), int(whole))
    except ZeroDivisionError:
        raise ValueError(f"{text} is no share") from None
