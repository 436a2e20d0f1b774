"""The page that prices a file, in a browser."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.api.test_stock_workbook import write_book
from tests.browser.chromium import Browser

FILE = """make,model,year,mileage,asking_price
Ford,Fiesta,2017,15k,9000
Audi,A4,2018,20k,15000
Skoda,Octavia,2010,90k,
Lada,x,,,
"""


@pytest.fixture(scope="module")
def url(serve: Callable[[Path], str], small_bundle: Path) -> str:
    return serve(small_bundle)


@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_a_chosen_file_is_priced_and_sorted(
    page: Browser, url: str, tmp_path: Path, size: tuple[int, int]
) -> None:
    path = tmp_path / "cars.csv"
    path.write_text(FILE)
    page.resize(*size)
    page.open(f"{url}/stock")
    page.choose_file(path)
    page.wait_for("document.querySelectorAll('.stock tbody tr').length === 4")
    names = "[...document.querySelectorAll('.stock tbody a')].map((link) => link.innerText)"
    for _ in range(2):
        page.run("document.querySelector('.stock [data-sort=\"0\"] button').click()")
    assert page.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "ascending"
    cheapest, _, dearest, unpriced = page.run(names)
    assert (cheapest, dearest) == ("Skoda Octavia 2010", "Audi A4 2018")
    assert unpriced.startswith("Lada"), "what has no price stands last"
    assert page.run("document.documentElement.scrollWidth <= innerWidth"), "nothing hangs over the edge"


def test_a_chosen_workbook_is_priced(page: Browser, url: str, tmp_path: Path) -> None:
    path = tmp_path / "cars.xlsx"
    path.write_bytes(write_book(["make", "model", "year", "mileage"], ["Ford", "Fiesta", 2017, 15_000]))
    page.open(f"{url}/stock")
    page.choose_file(path)
    page.wait_for("document.querySelectorAll('.stock tbody tr').length === 1")
    assert "£" in page.run("document.querySelector('.stock tbody td').innerText")


def test_a_dropped_file_is_priced(page: Browser, url: str) -> None:
    page.open(f"{url}/stock")
    page.run(
        """(() => {
          const files = new DataTransfer();
          files.items.add(new File(["make,model,year,mileage\\nFord,Fiesta,2017,15k\\n"], "cars.csv"));
          const event = new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true });
          document.getElementById("stock").dispatchEvent(event);
        })()"""
    )
    page.wait_for("document.querySelectorAll('.stock tbody tr').length === 1")
    page.run("document.querySelector('.stock tbody a').click()")
    page.wait_for("document.forms.listing?.elements.mileage.value === '15k' && document.querySelector('.price')")
