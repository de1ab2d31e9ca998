"""The colours of both themes and our one Plotly template.

`static/css/tokens.css` holds the same colours for pages (a test compares them). Plotly cannot read CSS variables, so a
figure leaves the server in the light colours and names the token of each in `layout.meta`; `figures.js` exchanges
them for the tokens' values in the reader's theme. The template replaces Plotly's own, which weighs 7 kB a figure.
"""

from __future__ import annotations

import plotly.graph_objects as go

LIGHT = {
    "paper": "#ffffff",
    "raised": "#f6f7f9",
    "ink": "#1a2027",
    "muted": "#56616d",
    "rule": "#d5dbe1",
    "edge": "#717d89",
    "actual": "#1d4e89",
    "reference": "#717d89",
    "benchmark": "#8a6100",
    "better": "#00705f",
    "worse": "#b4400f",
    "sample": "#fff4d6",
    "sample-ink": "#5c4100",
    "band": "rgba(29, 78, 137, 0.2)",
    "reference-band": "rgba(113, 125, 137, 0.19)",
}
DARK = {
    "paper": "#11161c",
    "raised": "#192028",
    "ink": "#e9edf1",
    "muted": "#a3aebb",
    "rule": "#2f3945",
    "edge": "#8c98a5",
    "actual": "#7db4f0",
    "reference": "#8c98a5",
    "benchmark": "#e0b04a",
    "better": "#4cc3a6",
    "worse": "#f2935c",
    "sample": "#3a2f12",
    "sample-ink": "#f0d48a",
    "band": "rgba(125, 180, 240, 0.25)",
    "reference-band": "rgba(140, 152, 165, 0.25)",
}

# Only what charts use; where two tokens share a light colour, the first one named stands for it.
TOKENS = {
    LIGHT[name]: f"--{name}"
    for name in ("band", "reference-band", "rule", "benchmark", "actual", "reference", "muted", "ink", "paper")
}

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'  # figures.js puts the page's own here
TEXT_PIXELS = 13
LINE_PIXELS = 16

TEMPLATE = go.layout.Template(
    layout={
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": TEXT_PIXELS, "color": LIGHT["ink"]},
        "showlegend": False,
        "hovermode": "x",
        "hoverlabel": {"bgcolor": LIGHT["paper"], "bordercolor": LIGHT["reference"], "align": "left"},
        "dragmode": False,
        "xaxis": {"showgrid": False, "zeroline": False, "ticks": "", "fixedrange": True, "showspikes": False},
        "yaxis": {"showgrid": False, "zeroline": False, "ticks": "", "fixedrange": True},
    }
)


def plain(words: str) -> str:
    """Text for Plotly, to which a text is markup: a name with a link or a font size in it stays a name."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
