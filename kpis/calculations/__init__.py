"""What do the numbers say? Pure functions: numbers in, a number or the reason why there is none out.

Reads nothing but its arguments: no Django, no database, no clock, no environment. Leaves nothing behind.
Formulas, sources and limits are in docs/methods.md.
"""
