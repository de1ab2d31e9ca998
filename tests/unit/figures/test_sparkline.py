from __future__ import annotations

import re

from kpis.figures.sparkline import Multiple, Spark, gaps, runs, small_multiple, spark


def paths(svg: str, css: str) -> list[str]:
    return re.findall(rf'<path class="{css}" d="([^"]+)"', svg)


def test_an_interval_without_data_breaks_the_line_and_leaves_a_tick():
    svg = spark(Spark([1, 2, None, 3, 4]))
    assert len(paths(svg, "actual thin")) == 2
    assert svg.count('class="gap"') == 1


def test_a_value_alone_between_two_gaps_is_still_seen():
    svg = spark(Spark([1, 2, None, 3, None, 4, 5]))
    assert svg.count('r="1.8"') == 1


def test_the_open_interval_is_dotted_and_ends_hollow():
    svg = spark(Spark([1, 2, 3], provisional=True))
    solid, dotted = paths(svg, "actual thin"), paths(svg, "actual thin provisional")
    assert [way.count("L") for way in solid] == [1]
    assert [way.count("L") for way in dotted] == [1]
    assert 'class="dot hollow"' in svg


def test_a_final_line_has_no_dotted_part():
    assert "provisional" not in spark(Spark([1, 2, 3]))


def test_a_trend_always_shows_zero():
    assert spark(Spark([50, 60])).count('class="zero"') == 1


def test_without_any_value_only_the_zero_line_is_drawn():
    svg = spark(Spark([None, None]))
    assert "<path" not in svg
    assert svg.count("<line") == 1


def test_before_the_first_and_after_the_last_value_nothing_is_missing():
    assert gaps([None, 1, None, None, 2, None]) == [2, 3]
    assert runs([None, (0, 0), None, (1, 1), (2, 2)]) == [[(0, 0)], [(1, 1), (2, 2)]]


def test_a_declared_baseline_has_another_line_than_a_measured_one():
    assert "reference declared" in small_multiple(Multiple([1, 2], baseline=1, declared=True))
    assert "declared" not in small_multiple(Multiple([1, 2], baseline=1, spread=0.1))


def test_a_benchmark_far_away_does_not_flatten_the_line():
    near = small_multiple(Multiple([10, 12], benchmark=12.5))
    far = small_multiple(Multiple([10, 12], benchmark=9000))
    without = small_multiple(Multiple([10, 12]))
    assert paths(far, "actual thin") == paths(without, "actual thin")
    assert paths(near, "actual thin") != paths(without, "actual thin")
    assert far.count('class="benchmark"') == 1
