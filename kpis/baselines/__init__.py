"""The frozen reference of each KPI: is there enough, measure, declare, approve."""
