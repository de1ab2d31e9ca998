"""Published figures with their source, and which of them fits which KPI."""
