"""One module or folder a connector; none knows another. A new one is added here and to `DataSource.Kind`."""

from __future__ import annotations

from kpis.sources.connectors.http_json.pages import HttpJson
from kpis.sources.connectors.prometheus import Prometheus
from kpis.sources.connectors.scrape.page import Scrape
from kpis.sources.fetching import Connector

CONNECTORS: dict[str, type[Connector]] = {
    "prometheus": Prometheus,
    "http_json": HttpJson,
    "scrape": Scrape,
}
