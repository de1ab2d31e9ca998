"""Interval values from measurements. Reads arrivals, leaves interval rows; knows neither baseline nor money."""
