"""Pictures from plain data: Plotly figures and server-drawn SVG. Knows no framework and no database."""
