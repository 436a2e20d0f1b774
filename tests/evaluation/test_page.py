"""The report as one page: complete, safe with any text of a listing, and at home on a telephone in the dark."""

import re
from html.parser import HTMLParser

import pytest

from carprice.evaluation.page import render_page
from carprice.evaluation.report import Report
from carprice.model.pricer import Pricer

EVIL = "<script>alert('1')</script>\"&$\\frac{"
VOID = {"meta"}


class Page(HTMLParser):
    """What a page holds; raises where its elements do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name.split(":")[-1] in ("href", "src"):
                self.links.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def render(report: Report, pricer: Pricer) -> str:
    return render_page(report, pricer.market, pricer.manifest["importance"], pricer.version)


@pytest.fixture(scope="module")
def text(uk_report: Report, uk_pricer: Pricer) -> str:
    return render(uk_report, uk_pricer)


def test_the_page_is_whole_and_asks_nobody(text: str, uk_pricer: Pricer) -> None:
    page = Page(text)
    assert page.tags.count("svg") == 4
    assert page.tags.count("table") > 8
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(page.ids)
    assert re.findall(r"https?:|@import|//\w", text) == []
    assert f"Valuation report of {uk_pricer.version}" in page.texts


def test_its_colours_are_those_of_light_or_dark(text: str) -> None:
    body = text.split("</style>", 1)[1]
    assert re.findall(r"#[0-9a-f]{6}\b", body) == []
    assert "prefers-color-scheme: dark" in text


def test_the_same_report_gives_the_same_page(text: str, uk_report: Report, uk_pricer: Pricer) -> None:
    assert render(uk_report, uk_pricer) == text


def test_texts_of_listings_are_escaped(uk_report: Report, uk_pricer: Pricer) -> None:
    segments = {**uk_report["segments"], "make": [{**uk_report["segments"]["make"][0], "name": EVIL}]}
    worst = [{**uk_report["worst"][0], "listing": {"make": EVIL}}]
    page = Page(render({**uk_report, "segments": segments, "worst": worst, "notes": [EVIL]}, uk_pricer))
    assert "script" not in page.tags
    assert page.texts.count(EVIL) == 3
