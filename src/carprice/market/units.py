"""The words and signs that stand beside a number: units, what multiplies it, and currencies."""

import re
from collections.abc import Mapping

KM_PER_MILE = 1.609344
"""The international mile: https://www.nist.gov/pml/special-publication-811, appendix B.8."""

# Of each dimension how much of its first unit each unit is. Power: SP 811 for horsepower, 75 m·kgf/s for PS.
_DIMENSIONS: tuple[Mapping[str, float], ...] = (
    {"km": 1.0, "mi": KM_PER_MILE},
    {"kW": 1.0, "hp": 0.745699872, "PS": 0.73549875},
    {"l": 1.0, "cc": 0.001},
)
_SPELLINGS = {
    "km": "km kms kilometer kilometers kilometre kilometres kilometros quilometros км كم كيلومتر 公里 킬로",
    "mi": "mi mile miles mls milhas millas milles 英里 マイル 마일",
    "kW": "kw kilowatt квт",
    "hp": "hp bhp horsepower whp 馬力 마력",
    "PS": "ps cv pk hk ch km/h-ps л.с лс лс. лошс pferdestärken hästkrafter hestekrefter cavalli k koni le",
    "l": "l lt ltr litre litres liter liters litr litros litri л 리터 升",
    "cc": "cc ccm cm3 cm³ cm2 куб см3 см³ 排気量 시시",
}
_UNITS = {word: unit for unit, words in _SPELLINGS.items() for word in words.split()}
_FACTORS = {unit: (place, factor) for place, units in enumerate(_DIMENSIONS) for unit, factor in units.items()}

_MAGNITUDE_WORDS = {
    1e3: "k thousand thousands tys тыс тысяч tis tausend tsd bin ribu rb mil mille 千 천 nghìn ngàn tkm ткм",
    1e4: "万 萬 만",
    1e5: "lakh lakhs lac lacs",
    1e6: "million millions mn mio mln milyon миллион миллиона миллионов млн juta jt triệu tr mill milhão milhões",
    1e7: "crore crores cr",
    1e8: "億 亿 억",
    1e9: "billion bn mrd млрд tỷ tỉ miliar",
}
MAGNITUDES = {word: factor for factor, words in _MAGNITUDE_WORDS.items() for word in words.split()}
"""What a number before such a word is multiplied by; thousand kilometres are one word in some languages."""

# Signs and words of currencies, each with the codes of ISO 4217 that it may mean, the most likely one first.
_CURRENCY_WORDS = {
    "£": "GBP EGP",
    "€": "EUR",
    "$": "USD AUD CAD NZD SGD HKD TWD MXN ARS CLP COP UYU JMD TTD NAD",
    "us$": "USD",
    "u$s": "USD",
    "u$d": "USD",
    "a$": "AUD",
    "au$": "AUD",
    "c$": "CAD",
    "ca$": "CAD",
    "nz$": "NZD",
    "s$": "SGD",
    "hk$": "HKD",
    "nt$": "TWD",
    "mx$": "MXN",
    "r$": "BRL",
    "¥": "JPY CNY",
    "円": "JPY",
    "元": "CNY TWD",
    "人民币": "CNY",
    "rmb": "CNY",
    "₩": "KRW",
    "원": "KRW",
    "₹": "INR",
    "rs": "INR PKR LKR NPR MUR",
    "rupees": "INR PKR LKR NPR",
    "₨": "PKR INR LKR NPR",
    "৳": "BDT",
    "tk": "BDT",
    "taka": "BDT",
    "₽": "RUB",
    "руб": "RUB BYN",
    "р": "RUB",
    "₴": "UAH",
    "грн": "UAH",
    "₸": "KZT",
    "тг": "KZT",
    "тенге": "KZT",
    "лв": "BGN",
    "lei": "RON MDL",
    "zł": "PLN",
    "zl": "PLN",
    "kč": "CZK",
    "kc": "CZK",
    "ft": "HUF",
    "din": "RSD",
    "kn": "HRK",
    "kr": "SEK NOK DKK ISK",
    "₺": "TRY",
    "tl": "TRY",
    "₾": "GEL",
    "lari": "GEL",
    "֏": "AMD",
    "դր": "AMD",
    "₼": "AZN",
    "azn": "AZN",
    "₪": "ILS",
    "fr": "CHF",
    "sfr": "CHF",
    "dhs": "AED MAD",
    "dh": "AED MAD",
    "د.إ": "AED",
    "درهم": "AED MAD",
    "ر.س": "SAR",
    "ريال": "SAR QAR OMR",
    "sr": "SAR",
    "qr": "QAR",
    "د.ك": "KWD",
    "kd": "KWD",
    "bd": "BHD",
    "ج.م": "EGP",
    "جنيه": "EGP",
    "le": "EGP SLE",
    "تومان": "IRT",
    "﷼": "IRR SAR",
    "rm": "MYR",
    "rp": "IDR",
    "₱": "PHP",
    "php": "PHP",
    "฿": "THB",
    "บาท": "THB",
    "₫": "VND",
    "đ": "VND",
    "vnđ": "VND",
    "ksh": "KES",
    "kshs": "KES",
    "tsh": "TZS",
    "ush": "UGX",
    "₦": "NGN",
    "gh¢": "GHS",
    "gh₵": "GHS",
    "₵": "GHS",
    "r": "ZAR",
    "birr": "ETB",
    "s/": "PEN",
    "b/": "PAB",
    "₡": "CRC",
    "q": "GTQ",
    "र": "NPR INR",
    "dólar": "USD",
    "dólares": "USD",
    "dolares": "USD",
    "dólars": "USD",
    "доллары": "USD",
    "долларов": "USD",
    "евро": "EUR",
    "рублей": "RUB",
    "рубли": "RUB",
    "pesos": "MXN ARS CLP COP UYU DOP PHP",
    "reais": "BRL",
    "soles": "PEN",
    "guaraníes": "PYG",
    "guaranies": "PYG",
    "bolivianos": "BOB",
    "złotych": "PLN",
    "pounds": "GBP",
    "pound": "GBP",
    "euro": "EUR",
    "euros": "EUR",
    "dollar": "USD AUD CAD",
    "dollars": "USD AUD CAD",
    "yen": "JPY",
    "yuan": "CNY",
    "won": "KRW",
    "rubles": "RUB",
    "dirham": "AED MAD",
    "dirhams": "AED MAD",
    "riyal": "SAR QAR",
    "ringgit": "MYR",
    "rand": "ZAR",
    "naira": "NGN",
    "cedi": "GHS",
    "cedis": "GHS",
    "shilling": "KES TZS UGX",
    "dt": "TND",
    "د.ت": "TND",
    "da": "DZD",
    "د.ج": "DZD",
    "jd": "JOD",
    "د.ع": "IQD",
    "fcfa": "XOF XAF",
    "cfa": "XOF XAF",
    "bs": "BOB VES",
    "₲": "PYG",
    "gs": "PYG",
    "rd$": "DOP",
    "n$": "NAD",
    "kz": "AOA",
    "lek": "ALL",
    "ден": "MKD",
    "сом": "KGS",
    "сум": "UZS",
    "br": "BYN ETB",
}
CODES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "  # noqa: SIM905
    "CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD GBP GEL GHS GMD GNF GTQ GYD HKD HNL HRK "
    "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL "
    "MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR "
    "RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
    "UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG".split()
)
"""The codes of ISO 4217 that money has."""
CURRENCIES: Mapping[str, tuple[str, ...]] = {
    **{word: tuple(codes.split()) for word, codes in _CURRENCY_WORDS.items()},
    **{code.casefold(): (code,) for code in CODES},
}
"""By sign, word or code in small letters: the currencies that it may mean."""

_TOKEN = re.compile(r"\b[sSbB]/|\b[uU]\$[sSdD]|[^\W\d_]+[$¢₵]?(?:\.[^\W\d_]+)*|[^\w\s.,'()+-]")


def find_unit(word: str) -> str:
    """The unit that a word means, in this product's spelling; empty where it is none."""
    return _UNITS.get(word.casefold().rstrip("."), "")


def list_units(unit: str) -> list[str]:
    """The units of the same dimension; none where it is no unit."""
    place, _ = _FACTORS.get(find_unit(unit) or unit, (None, 0.0))
    return [] if place is None else list(_DIMENSIONS[place])


def convert_unit(source: str, target: str) -> float | None:
    """What a number in source is multiplied by to be one in target, each by any spelling; None where it cannot be.

    Both are units of one dimension: distances, powers or volumes.
    """
    (one, other) = (_FACTORS.get(find_unit(unit) or unit) for unit in (source, target))
    if one is None or other is None or one[0] != other[0]:
        return None
    return one[1] / other[1]


def split_tokens(text: str) -> list[str]:
    """The words and signs of a text without numbers, in small letters: 'R$' and 'л.с.' are one each."""
    return [token.casefold() for token in _TOKEN.findall(text)]


def find_currencies(tokens: list[str]) -> tuple[str, ...]:
    """The currencies that one of the tokens may mean; empty where none does."""
    return next((CURRENCIES[token] for token in tokens if token in CURRENCIES), ())
