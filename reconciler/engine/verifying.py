"""Read every archived bag again and compare it with its receipt."""

from reconciler.engine.ports import BagCheck, BagVerifier, LedgerReader


def verify_all(ledger: LedgerReader, verifier: BagVerifier) -> tuple[BagCheck, ...]:
    """Check the bag of every receipt, in every store it names; oldest receipt first."""
    return tuple(check for receipt in ledger.receipts() for check in verifier.verify(receipt))
