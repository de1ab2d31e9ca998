"""Every formula of the portal as pure functions on numpy and scipy. Knows no framework, database or clock."""
