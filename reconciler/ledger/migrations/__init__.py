"""The ledger's migrations, run in code (reconciler.ledger.revisions); there is no alembic.ini."""
