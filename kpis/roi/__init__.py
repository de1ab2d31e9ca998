"""What came back for what went in: one initiative, the portfolio, their ranges and forecasts."""
