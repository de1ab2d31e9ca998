"""How the processes of the portal are put together; holds no word of the domain.

Reads the environment and the packages; leaves behind running processes. This file stays free of
imports: `manage.py` reads it before any package is installed.
"""
