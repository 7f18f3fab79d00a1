"""Our durable memory: sightings, runs, the journal of entries, receipts, the lease, the audit chain."""
