import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from carprice.errors import ListingsError
from carprice.listings.reading.listings_file import ListingsFile

Write = Callable[..., Path]

CARS = {
    "french": ["Citroën,boîte manuelle,bleu", "Renault Mégane,essence,gris métallisé"],
    "german": ["Volkswagen,weiß,Schräghecklimousine", "Opel,grün,5 Türen"],
    "british": ["Ford,£5000,blue", "BMW,£7000,red"],
    "spanish": ["SEAT León,automático,gasóleo", "Renault,diésel,año"],
    "czech": ["Škoda Octavia,červená,převodovka", "Škoda Fabia,tmavě modrá,benzín"],
    "polish": ["Opel,żółty,skrzynia biegów", "Fiat,srebrny,łódź"],
    "turkish": ["Tofaş Şahin,kırmızı,düz vites", "Renault,gümüş gri,yarı otomatik"],
    "russian": ["Лада Веста,седан,белый", "Тойота Королла,дизель,автомат"],
    "mixed": ["Ford Transit груз.,дизель,белый", "Mercedes Vito,бензин,чёрный"],
    "greek": ["Τογιότα,λευκό,χειροκίνητο", "Φίατ,μαύρο,βενζίνη"],
    "hebrew": ["טויוטה,קורולה,לבן", "מאזדה,אוטומט,שחור"],
    "arabic": ["تويوتا,كورولا,أبيض", "نيسان,صني,أسود"],
    "japanese": ["トヨタ,カローラ,白", "日産,ノート,青"],
    "chinese": ["丰田,卡罗拉,白色", "大众,高尔夫,黑色"],
    "taiwanese": ["豐田,卡羅拉,白色", "福斯,高爾夫,黑色"],
    "korean": ["현대,아반떼,흰색", "기아,쏘렌토,검정"],
}
READ_AS = [
    ("french", "cp1252", "windows-1252"),
    ("german", "cp1252", "windows-1252"),
    ("spanish", "cp1252", "windows-1252"),
    ("british", "cp1252", "windows-1252"),
    ("french", "latin-1", "windows-1252"),
    ("czech", "cp1250", "windows-1250"),
    ("polish", "cp1250", "windows-1250"),
    ("turkish", "cp1254", "windows-1254"),
    ("russian", "cp1251", "windows-1251"),
    ("mixed", "cp1251", "windows-1251"),
    ("russian", "koi8-r", "koi8-r"),
    ("russian", "cp866", "cp866"),
    ("greek", "cp1253", "windows-1253"),
    ("hebrew", "cp1255", "windows-1255"),
    ("arabic", "cp1256", "windows-1256"),
    ("japanese", "shift_jis", "shift_jis"),
    ("japanese", "euc-jp", "euc-jp"),
    ("japanese", "iso2022_jp", "iso-2022-jp"),
    ("chinese", "gb18030", "gb18030"),
    ("taiwanese", "big5", "big5"),
    ("korean", "euc-kr", "euc-kr"),
    ("french", "utf-16", "UTF-16"),
    ("russian", "utf-16-le", "UTF-16-LE"),
    ("japanese", "utf-16-be", "UTF-16-BE"),
    ("german", "utf-32", "UTF-32"),
]


def make_csv(cars: list[str], times: int = 30) -> str:
    rows = [f"{row},{price}" for price, row in enumerate(cars * times, 4_000)]
    return "\n".join(["name,colour,text,price", *rows]) + "\n"


def read(path: Path, encoding: str = "") -> tuple[list[str], list[str]]:
    """The rows as they stand in the CSV, and the notes."""
    file = ListingsFile(path, encoding)
    return [",".join(row) for row in pl.concat(file.read_batches()).rows()], file.notes


@pytest.mark.parametrize(("cars", "codec", "name"), READ_AS, ids=lambda value: str(value))
def test_is_found_and_said(cars: str, codec: str, name: str, write_file: Write) -> None:
    text = make_csv(CARS[cars])
    assert read(write_file(text.encode(codec))) == (text.splitlines()[1:], [f"Read as {name}"])


def test_utf8_needs_no_note(write_file: Write) -> None:
    for codec in ("utf-8", "utf-8-sig"):
        text = make_csv(CARS["russian"])
        assert read(write_file(text.encode(codec))) == (text.splitlines()[1:], [])


def test_a_letter_far_down_counts(write_file: Write) -> None:
    text = "name,price\n" + "Ford,4000\n" * 300_000 + "Лада Веста белый седан,5000\nТойота Королла дизель,6000\n"
    rows, notes = read(write_file(text.encode("cp1251")))
    assert (rows[-1], notes) == ("Тойота Королла дизель,6000", ["Read as windows-1251"])


def test_json_too(write_file: Write) -> None:
    data = json.dumps(
        [{"name": "Лада Веста", "body": "седан"}, {"name": "Тойота", "body": "дизель"}], ensure_ascii=False
    )
    rows, notes = read(write_file(data.encode("cp1251")))
    assert (rows, notes) == (["Лада Веста,седан", "Тойота,дизель"], ["Read as windows-1251"])


def test_what_cannot_be_told_is_asked(write_file: Write) -> None:
    path = write_file("name,price\nqualità,1\n".encode("cp1252"))
    with pytest.raises(ListingsError) as error:
        ListingsFile(path)
    assert str(error.value) == (
        f"{path}: is not UTF-8, and its encoding cannot be told: 'qualità' in windows-1252; "
        "'qualitŕ' in windows-1250\n"
        "Say which it is: --encoding windows-1252 or --encoding windows-1250"
    )
    assert read(path, "windows-1252") == (["qualità,1"], ["Read as windows-1252"])


def test_what_is_none_of_them_is_asked(write_file: Write) -> None:
    path = write_file(make_csv(CARS["french"]).encode("cp850"))
    with pytest.raises(ListingsError) as error:
        ListingsFile(path)
    assert error.value.hint == "Say which it is: --encoding NAME, such as windows-1252, cp850 or mac-roman"
    assert read(path, "cp850")[0][0] == "Citroën,boîte manuelle,bleu,4000"


def test_a_wrong_encoding_is_refused(write_file: Write) -> None:
    path = write_file(make_csv(CARS["russian"]).encode("cp1251"))
    with pytest.raises(ListingsError, match="--encoding: 'klingon' is no encoding"):
        ListingsFile(path, "klingon")
    with pytest.raises(ListingsError, match=r"line 2: is not utf-8 \(byte 0xcb\)"):
        ListingsFile(path, "utf-8")
    for name in ("base64", "rot13"):
        with pytest.raises(ListingsError, match="is no encoding"):
            ListingsFile(path, name)


def test_utf8_with_a_few_broken_bytes_is_still_utf8(write_file: Write) -> None:
    text = make_csv(CARS["russian"]).encode() + b"\xd0,red,x,5000\n"
    file = ListingsFile(write_file(text))
    assert pl.concat(file.read_batches()).height == 60
    assert [(row.reason, row.line) for row in file.dropped] == [("bytes that are not UTF-8", 62)]
