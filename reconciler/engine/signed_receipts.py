"""What is whole, and also signed: the receipts in the stores held against a key."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from reconciler.core.receipt import Receipt
from reconciler.engine.copies import BagCheck, BagState
from reconciler.engine.verifying import VerifyReport


class ReceiptSignatures(Protocol):
    """Reads the receipts' files in the stores, and tells which one a key has not signed; writes nothing."""

    def problem(self, receipt: Receipt, store: str) -> str:
        """Tell in a sentence why a store's receipt of this bag is not a good one; empty when it is."""


def demand_signatures(report: VerifyReport, receipts: Sequence[Receipt], signatures: ReceiptSignatures) -> VerifyReport:
    """Give the report with each copy's receipt as damaged that is whole and has no good signature.

    `receipts` are those of the bags that were looked at.  It is asked after the mending: a bag is made anew from one
    that is whole, and a signature by nobody but who holds its key.
    """
    by_bag = {receipt.bag: receipt for receipt in receipts}
    checks = (_demanded(check, by_bag[check.bag], signatures) for check in report.checks)
    return replace(report, checks=tuple(checks))


def _demanded(check: BagCheck, receipt: Receipt, signatures: ReceiptSignatures) -> BagCheck:
    if not check.is_whole:
        return check
    problem = signatures.problem(receipt, check.store)
    return replace(check, receipt=BagState.DAMAGED, receipt_problem=problem) if problem else check
