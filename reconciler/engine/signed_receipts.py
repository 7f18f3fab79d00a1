"""What is whole, and also signed: the receipts in the stores held against a key."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from reconciler.core.receipt import Receipt
from reconciler.engine.ports import BagCheck, BagState


class ReceiptSignatures(Protocol):
    """Reads the receipt files in the stores, and tells which one a key has not signed; writes nothing."""

    def problem(self, receipt: Receipt, store: str) -> str:
        """Tell in a sentence why a store's receipt file of this bag is not a good one; empty when it is."""


def demand_signatures(
    checks: Sequence[BagCheck], receipts: Sequence[Receipt], signatures: ReceiptSignatures
) -> tuple[BagCheck, ...]:
    """Give the checks with each whole bag as damaged whose receipt in that store has no good signature.

    `receipts` are those that the checks are of.  A bag that is not whole is told as it is: its damage comes first.
    """
    by_bag = {receipt.bag: receipt for receipt in receipts}
    return tuple(
        _demanded(check, signatures.problem(by_bag[check.bag], check.store)) if check.state is BagState.WHOLE else check
        for check in checks
    )


def _demanded(check: BagCheck, problem: str) -> BagCheck:
    return replace(check, state=BagState.DAMAGED, problem=problem) if problem else check
