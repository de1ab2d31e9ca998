"""What was promised: business cases, frozen once another person has approved them. Knows drivers and planned costs."""
