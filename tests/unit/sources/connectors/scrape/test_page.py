from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.openmetrics import exposition

from kpis.sources.connectors.scrape.page import Scrape
from kpis.sources.fetching import FetchFailed, Order

ADDRESS = "http://127.0.0.1:8000/metrics"
NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
CLASSIC = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def looked(query, page, *, memory=None, keep=(), media_type=CLASSIC):
    """The one portion that `query` makes of `page`."""
    asked = Order("a.b", query, NINE, NINE, timedelta(hours=1), "UTC", keep_labels=tuple(keep), memory=memory or {})
    body = page if isinstance(page, bytes) else page.encode()
    with respx.mock, httpx.Client() as client:
        respx.get(ADDRESS).mock(return_value=httpx.Response(200, content=body, headers={"Content-Type": media_type}))
        (portion,) = Scrape(ADDRESS, client).portions(asked)
    return portion


def values(portion):
    return dict(
        zip(
            [tuple(portion.points.label_sets[place].values()) for place in portion.points.labels],
            portion.points.value.tolist(),
            strict=True,
        )
    )


def grown(query, before, after, **more):
    """What `query` says at the second look, after a first one at `before`."""
    return looked(query, after, memory=looked(query, before, **more).memory, **more)


def refusal(query, page, **more):
    with pytest.raises(FetchFailed) as caught:
        looked(query, page, **more)
    return caught.value.code


def test_a_gauge_is_one_sample_at_the_instant_of_the_run():
    portion = looked("room_celsius", "room_celsius 21.5\n")
    assert portion.points.value.tolist() == [21.5]
    assert portion.points.at_us.tolist() == [NINE.timestamp() * 1e6]
    assert portion.until == NINE


def test_kept_labels_make_one_sample_each():
    page = 'room_celsius{room="a"} 20\nroom_celsius{room="b"} 22\n'
    assert values(looked("room_celsius", page, keep=["room"])) == {("a",): 20.0, ("b",): 22.0}


def test_series_that_nothing_tells_apart_are_refused_unless_they_are_added_up():
    page = 'queue{host="a"} 2\nqueue{host="b"} 3\n'
    assert refusal("queue", page) == "series_alike"
    assert values(looked("sum(queue)", page)) == {(): 5.0}


def test_a_gauge_that_the_page_does_not_have_is_a_failure():
    assert refusal("room_celsius", "other 1\n") == "metric_missing"


def test_a_gauge_without_a_number_is_left_out_and_counted():
    portion = looked("room_celsius", "room_celsius NaN\n")
    assert (len(portion.points), portion.left_out) == (0, 1)


def test_the_first_look_at_a_counter_only_remembers_it():
    portion = looked("increase(points_total)", "points_total 100\n")
    assert len(portion.points) == 0
    assert portion.memory


def test_a_counter_says_what_it_grew_by_since_the_last_look():
    assert values(grown("increase(points_total)", "points_total 100\n", "points_total 130\n")) == {(): 30.0}


def test_a_counter_that_stood_still_grew_by_zero_which_is_a_value():
    assert values(grown("increase(points_total)", "points_total 100\n", "points_total 100\n")) == {(): 0.0}


def test_a_counter_that_was_reset_counts_in_full():
    assert values(grown("increase(points_total)", "points_total 100\n", "points_total 7\n")) == {(): 7.0}


def test_a_reset_of_one_series_does_not_hide_the_growth_of_another():
    before = 'points_total{host="a"} 100\npoints_total{host="b"} 50\n'
    after = 'points_total{host="a"} 3\npoints_total{host="b"} 60\n'
    assert values(grown("increase(points_total)", before, after)) == {(): 13.0}


def test_a_series_born_since_the_last_look_counts_in_full():
    before, after = 'points_total{o="a"} 5\n', 'points_total{o="a"} 5\npoints_total{o="b"} 4\n'
    assert values(grown("increase(points_total)", before, after)) == {(): 4.0}


def test_a_counter_that_appears_after_a_look_without_it_counts_in_full():
    portion = grown("increase(points_total)", "other 1\n", "points_total 5\n")
    assert values(portion) == {(): 5.0}


def test_a_counter_that_is_not_there_yet_is_worth_a_word_but_no_failure():
    portion = looked("increase(points_total)", "other 1\n")
    assert len(portion.points) == 0
    assert "points_total" in portion.warnings[0]


RATIO = 'increase(points_total{outcome="rejected"}) / increase(points_total)'


def test_a_ratio_is_weighted_with_its_denominator():
    before = 'points_total{outcome="accepted"} 10\npoints_total{outcome="rejected"} 0\n'
    after = 'points_total{outcome="accepted"} 100\npoints_total{outcome="rejected"} 10\n'
    portion = grown(RATIO, before, after)
    assert (portion.points.value.tolist(), portion.points.weight.tolist()) == ([0.1], [100.0])


def test_a_ratio_of_nothing_is_a_gap_and_never_a_zero():
    page = 'points_total{outcome="accepted"} 10\n'
    assert len(grown(RATIO, page, page).points) == 0


def test_a_ratio_whose_part_never_happened_is_zero():
    before, after = 'points_total{outcome="accepted"} 10\n', 'points_total{outcome="accepted"} 20\n'
    assert values(grown(RATIO, before, after)) == {(): 0.0}


def histogram(counts):
    return "".join(f'http_seconds_bucket{{le="{le}"}} {n}\n' for le, n in counts.items())


def test_a_quantile_is_interpolated_inside_its_bucket_over_what_came_since_the_last_look():
    before = histogram({"0.1": 1000, "0.5": 1000, "1.0": 1000, "+Inf": 1000})
    after = histogram({"0.1": 1050, "0.5": 1090, "1.0": 1100, "+Inf": 1100})
    # of 100 new ones the 95th is the 5th of 10 in (0.5, 1.0]
    portion = grown("histogram_quantile(0.95, http_seconds)", before, after)
    assert portion.points.value.tolist() == pytest.approx([0.75])
    assert portion.points.weight.tolist() == [100.0]


def test_a_quantile_in_the_open_last_bucket_is_the_last_known_bound():
    before, after = histogram({"0.1": 0, "1.0": 0, "+Inf": 0}), histogram({"0.1": 1, "1.0": 2, "+Inf": 100})
    assert values(grown("histogram_quantile(0.95, http_seconds)", before, after)) == {(): 1.0}


def test_a_quantile_without_events_since_the_last_look_is_a_gap():
    page = histogram({"0.1": 5, "+Inf": 9})
    assert len(grown("histogram_quantile(0.5, http_seconds)", page, page).points) == 0


def test_the_quantile_agrees_with_what_the_client_library_counted():
    registry = CollectorRegistry()
    seconds = Histogram("http_seconds", "d", ["view"], registry=registry, buckets=[0.01, 0.02, 0.05, 0.1])
    seconds.labels("a").observe(0.5)
    before = generate_latest(registry)
    for n in range(100):
        seconds.labels("ab"[n % 2]).observe(n / 1000)
    portion = grown("histogram_quantile(0.5, http_seconds)", before, generate_latest(registry))
    # 21 of the 100 are at most 0.02 and 51 at most 0.05: the 50th is the 29th of 30 in between
    assert portion.points.value.tolist() == pytest.approx([0.02 + 0.03 * 29 / 30])
    assert portion.points.weight.tolist() == [100.0]


@pytest.mark.parametrize(("media_type", "written"), [(CLASSIC, generate_latest), (OPEN, exposition.generate_latest)])
def test_both_text_formats_are_read_by_their_content_type(media_type, written):
    registry = CollectorRegistry()
    Gauge("room_celsius", "d", registry=registry).set(20)
    Counter("points", "d", registry=registry).inc(3)
    page = written(registry)
    assert values(looked("room_celsius", page, media_type=media_type)) == {(): 20.0}
    assert looked("increase(points_total)", page, media_type=media_type).warnings == ()


@pytest.mark.parametrize("page", [b"", b"<html><body>", b"\xff\xfe\x00", b"a{b 1\n", b'a{b="c} x\n'])
def test_what_is_no_page_of_metrics_is_refused(page):
    assert refusal("a", page) == "answer_unreadable"


def test_all_feeds_of_a_run_are_answered_from_one_reading_of_the_page():
    asked = [Order("a.b", query, NINE, NINE, timedelta(hours=1), "UTC") for query in ("a", "b")]
    with respx.mock, httpx.Client() as client:
        route = respx.get(ADDRESS).mock(return_value=httpx.Response(200, text="a 1\nb 2\n"))
        connector = Scrape(ADDRESS, client)
        for order in asked:
            list(connector.portions(order))
        assert route.call_count == 1
