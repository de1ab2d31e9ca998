from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.sources.selectors import SelectorWrong, as_text, matchers_of


def matcher(label, op, value):
    return {"label": label, "op": op, "value": value}


@pytest.mark.parametrize(
    ("text", "matchers"),
    [
        ("up", [matcher("__name__", "=", "up")]),
        ('up{job="node"}', [matcher("__name__", "=", "up"), matcher("job", "=", "node")]),
        (
            ' up { job != "node" , pod=~"a|b", } ',
            [matcher("__name__", "=", "up"), matcher("job", "!=", "node"), matcher("pod", "=~", "a|b")],
        ),
        ('{__name__=~"desk_.*", team!~\'x"y\'}', [matcher("__name__", "=~", "desk_.*"), matcher("team", "!~", 'x"y')]),
        (r'up{path="a\\b\"c\n"}', [matcher("__name__", "=", "up"), matcher("path", "=", 'a\\b"c\n')]),
        ("http.server.duration", [matcher("__name__", "=", "http.server.duration")]),
    ],
)
def test_a_selector_is_read_as_promql_reads_it(text, matchers):
    assert matchers_of(text) == matchers


@pytest.mark.parametrize(
    "text", ["", "{}", "up{", "up}", "up{job}", 'up{job="a" pod="b"}', "up{job=a}", "up down", 'up{="a"}', "a" * 5000]
)
def test_what_selects_nothing_or_everything_is_refused(text):
    with pytest.raises(SelectorWrong):
        matchers_of(text)


names = st.text("abc_:.09", min_size=1)
given_matchers = st.lists(
    st.builds(matcher, names | st.just("__name__"), st.sampled_from(["=", "!=", "=~", "!~"]), st.text(max_size=9)),
    min_size=1,
    max_size=5,
)


@given(given_matchers)
def test_what_is_written_is_read_again(matchers):
    def in_order(ones):
        return sorted(tuple(one.items()) for one in ones)

    assert in_order(matchers_of(as_text(matchers))) == in_order(matchers)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(SelectorWrong):
        assert matchers_of(text)
