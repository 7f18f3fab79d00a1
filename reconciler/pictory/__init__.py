"""All that knows the service's words: client, wire to Job, assets per type, pacing."""
