"""What a process has to load before the engine can calculate."""

from __future__ import annotations

import subprocess
import sys

EVERY_MODULE = """
import pkgutil, sys
import kpis.calculations as room
for module in pkgutil.iter_modules(room.__path__):
    __import__(f"kpis.calculations.{module.name}")
print(*sorted({name.split(".")[0] for name in sys.modules} | ({"scipy.stats"} & set(sys.modules))))
"""


def test_the_whole_engine_loads_without_django_and_without_the_half_second_of_scipys_distributions():
    done = subprocess.run([sys.executable, "-c", EVERY_MODULE], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"numpy", "scipy"} <= loaded
    assert not loaded & {"scipy.stats", "django", "pandas", "statsmodels", "matplotlib", "sklearn"}
