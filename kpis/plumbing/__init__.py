"""Clock, locks, wake-ups, outbox, change stream, safe outbound HTTP, secrets: nothing of the domain."""
