"""The ledger's migrations, run in code (reconciler.ledger.schema); there is no alembic.ini."""
