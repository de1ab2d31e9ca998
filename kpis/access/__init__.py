"""Who may do what, and who did: users, tokens, the audit chain. Points at definitions by name only."""
