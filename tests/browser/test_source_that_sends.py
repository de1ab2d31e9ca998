"""A source that pushes, from its name to a KPI that it feeds: on a real portal, in one click, for every eye."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ARTEFACTS, EVERY_EYE, broken_rules
from tests.portal import Portal, start_portal
from tests.prometheus import eventually

PAGE_OF_METRICS = """# TYPE desk_tickets_total counter
{tickets}# TYPE desk_queue_length gauge
desk_queue_length{{team="first level"}} {queue}
# TYPE desk_handling_seconds histogram
desk_handling_seconds_bucket{{le="60"}} 3
desk_handling_seconds_bucket{{le="+Inf"}} 9
desk_handling_seconds_sum 812
desk_handling_seconds_count 9
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """With the sample and a source of its own that has received series, of which one feeds a KPI."""
    for portal in start_portal(tmp_path_factory.mktemp("sends"), number=10):
        with portal.api() as api:
            api.post("sources/", json={"slug": "desk", "name": "Service desk", "kind": "push"}).raise_for_status()
            matchers = [{"label": "__name__", "op": "=~", "value": "desk_tickets_(total|count)"}]
            rule = {"kpi": "support-triage.tickets", "matchers": matchers, "kind": "counter", "keep_labels": ["team"]}
            answer = api.post("sources/desk/rules/", json=rule)
            assert answer.status_code == 201, answer.text
        push(portal, 100, 7)
        push(portal, 104, 9)
        yield portal


def push(portal: Portal, tickets: int, queue: int) -> None:
    lines = "".join(f'desk_tickets_total{{team="{team}"}} {tickets}\n' for team in ("first", "second"))
    page = PAGE_OF_METRICS.format(tickets=lines, queue=queue)
    with portal.api() as api:
        answer = api.post("openmetrics/desk/", content=page, headers={"Content-Type": "text/plain"})
        assert answer.status_code == 200, answer.text
    time.sleep(0.05)


@pytest.mark.parametrize("eye", EVERY_EYE, indirect=True)
def test_its_pages_have_their_pictures_and_hold_in_every_theme_width_and_language(looking, portal, eye):
    """The pictures are for people: artefacts/NAME-WIDTH-THEME.png."""
    ARTEFACTS.mkdir(exist_ok=True)
    for name, path in [
        ("source-that-sends", "/sources/desk/"),
        ("source-new", "/sources/new/"),
        ("rule-new", "/sources/desk/rules/new/?series=desk_queue_length"),
    ]:
        looking.goto(portal.url + path)
        if name == "rule-new":
            looking.locator("#id_series").fill('{__name__=~"desk_.*"}')
            looking.locator("#id_kpi").select_option("support-triage.tickets")
            looking.locator("button[name=try]").click()
            expect(looking.locator("#trial")).to_be_visible()
        looking.screenshot(path=ARTEFACTS / f"{name}-{eye.width}-{eye.theme}.png", full_page=True)
        assert looking.evaluate("document.documentElement.scrollWidth") == eye.width, name
        assert broken_rules(looking) == [], name


def test_a_source_is_made_by_its_name_alone(looking, portal):
    looking.goto(f"{portal.url}/sources/")
    looking.get_by_role("link", name="New source that sends").click()
    looking.locator("#id_name").fill("Cluster of the platform team")
    looking.get_by_role("button", name="Set up").click()
    looking.wait_for_url(f"{portal.url}/sources/cluster-of-the-platform-team/")
    expect(looking.locator("main")).to_contain_text("prometheus/write?source=cluster-of-the-platform-team")


def test_one_click_lets_a_series_feed_a_kpi_with_what_was_received_before(looking, portal):
    looking.goto(f"{portal.url}/sources/desk/")
    looking.get_by_label("KPI that desk_queue_length feeds").select_option("support-triage.handling-time")
    row = looking.locator("tr", has=looking.get_by_label("KPI that desk_queue_length feeds"))
    row.get_by_role("button", name="Map").click()
    expect(looking.locator(".rules")).to_contain_text("desk_queue_length")
    expect(looking.locator(".unmapped")).not_to_contain_text("desk_queue_length")
    query = (
        "select m.value from kpis_measurement m join kpis_batch b on b.id = m.batch_id "
        "join kpis_datasource d on d.id = b.source_id join kpis_series s on s.id = m.series_id "
        "join kpis_kpi k on k.id = s.kpi_id where d.slug = 'desk' and k.key = 'support-triage.handling-time' "
        "order by m.at"
    )
    found = eventually(lambda: [value for (value,) in portal.rows(query)], lambda values: len(values) == 2)
    assert found == [7, 9]


def test_a_rule_is_tried_before_it_is_set_up_and_then_changed_moved_and_removed(looking, portal):
    looking.goto(f"{portal.url}/sources/desk/rules/new/")
    looking.locator("#id_series").fill('desk_handling_seconds_sum{team=""}')
    looking.locator("#id_kpi").select_option("support-triage.tickets")
    looking.get_by_role("button", name="Try out").click()
    expect(looking.locator("#trial").locator("..")).to_contain_text("It takes one of the series")
    expect(looking.locator("#id_series")).to_have_value('desk_handling_seconds_sum{team=""}')
    looking.get_by_role("button", name="Set up").click()
    looking.wait_for_url(f"{portal.url}/sources/desk/")
    last = looking.locator(".rules tbody tr").last
    expect(last).to_contain_text('desk_handling_seconds_sum{team=""}')
    last.get_by_role("button", name="up").click()
    first = looking.locator(".rules tbody tr").nth(looking.locator(".rules tbody tr").count() - 2)
    expect(first).to_contain_text("desk_handling_seconds_sum")
    first.get_by_role("link", name="Change").click()
    looking.locator("#id_series").fill("desk_handling_seconds_sum{")
    looking.get_by_role("button", name="Save").click()
    expect(looking.locator(".errorlist")).to_contain_text("Write it as name")
    looking.locator("#id_series").fill("desk_handling_seconds_sum")
    looking.get_by_role("button", name="Save").click()
    rule = looking.locator(".rules tbody tr", has_text="desk_handling_seconds_sum")
    rule.get_by_role("button", name="Remove").click()
    expect(looking.locator(".rules")).not_to_contain_text("desk_handling_seconds_sum")
