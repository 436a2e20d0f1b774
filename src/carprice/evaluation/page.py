"""The report as one HTML page: no script, no address of another place, light or dark as the reader has it."""

import io
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from carprice.evaluation.plots import BLUE, INK, PALE, RED, make_figures, save_figure
from carprice.evaluation.sections import Section, list_head, list_sections
from carprice.evaluation.text import describe_judging
from carprice.market.market_file import Market

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VARIABLES = {INK: "--ink", BLUE: "--blue", PALE: "--pale", RED: "--red", "#000000": "--ink"}
"""Colours of the plots, which the page's style sheet has for light and dark."""
_NOT_NEEDED = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
_NAMESPACE = re.compile(r'\sxmlns(:\w+)?="[^"]*"')
_FONT = re.compile(r"font-family: [^;\"]*;? ?")
_IDS = re.compile(r'(\bid="|href="#|url\(#)')
_SIZE = re.compile(r'(<svg[^>]*?)\swidth="[^"]*"|(<svg[^>]*?)\sheight="[^"]*"')

STYLE = """
:root { color-scheme: light dark; --ink: #1b2733; --paper: #ffffff; --blue: #1f6fb2; --pale: #c9d6e2;
  --red: #c8452f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #dfe6ed; --paper: #14191f; --blue: #6db3ee; --pale: #3b4855; --red: #ff8a73; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 75rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.125rem; margin: 2rem 0 .25rem; }
p { margin: .25rem 0 .5rem; } .notes { border-left: 4px solid var(--red); padding-left: 1rem; margin: 1rem 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .875rem; min-width: 40%; }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--pale); }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 6.5rem; }
.listings td:first-child { min-width: 16rem; }
thead th { font-weight: 600; } tbody th { font-weight: 400; }
.plots { display: grid; gap: 1.5rem; margin-top: 1.5rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
figure { margin: 0; } svg text { fill: var(--ink); } figure svg { width: 100%; height: auto; max-width: 40rem; }
""".strip()

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def render_page(report: Mapping[str, Any], market: Market, importance: Mapping[str, float], version: str) -> str:
    """The whole page. Everything that comes from listings or the market file is escaped."""
    title = f"Valuation report of {version}"
    figures = make_figures(report, market, importance)
    parts = [
        f"<p>{escape(describe_judging(report))}.</p>",
        _write_table(list_head(report)),
        *_write_notes(report["notes"]),
        '<div class="plots">',
        *(_write_figure(name, figure) for name, figure in figures.items()),
        "</div>",
        *(_write_section(section) for section in list_sections(report)),
    ]
    return PAGE.format(title=escape(title), style=STYLE, body="\n".join(parts))


def _write_notes(notes: list[str]) -> Iterator[str]:
    if notes:
        yield '<div class="notes">'
        yield from (f"<p>{escape(note)}</p>" for note in notes)
        yield "</div>"


def _write_section(section: Section) -> str:
    about = f"<p>{escape(section.about)}</p>\n" if section.about else ""
    return f"<h2>{escape(section.title)}</h2>\n{about}{_write_table(section)}"


def _write_table(section: Section) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in section.head)
    rows = "\n".join(_write_row(row) for row in section.rows)
    name = "wide listings" if section.head[0] == "listing" else "wide"
    return (
        f'<div class="{name}" tabindex="0"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>"
    )


def _write_row(row: tuple[str, ...]) -> str:
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"


def _write_figure(name: str, figure: "Figure") -> str:
    label = escape(name.replace("-", " ").capitalize())
    return f'<figure role="img" aria-label="{label}">{draw_svg(name, figure)}</figure>'


def draw_svg(name: str, figure: "Figure") -> str:
    """A figure as SVG within HTML: the same each time, its ids its own, its colours those of the page."""
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        save_figure(figure, buffer, format="svg", metadata={"Date": None}, transparent=True)
    text = _FONT.sub("", _NAMESPACE.sub("", _NOT_NEEDED.sub("", buffer.getvalue())))
    text = _IDS.sub(rf"\g<1>{name}-", text)
    for _ in ("width", "height"):
        text = _SIZE.sub(lambda found: found[1] or found[2], text, count=1)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return text.strip()
