from __future__ import annotations

from collections.abc import Iterator

import pytest

from kpis.ingest import rates, samples


@pytest.fixture(autouse=True)
def _nothing_remembered_of_senders() -> Iterator[None]:
    rates.forget_all()
    samples.forget_all()
    yield
    rates.forget_all()
    samples.forget_all()
