"""The words that stand in place of a price or beside one, in many languages, to be searched in lower case."""

# ruff: noqa: RUF001  # words of other alphabets have letters that look like Latin ones

from carprice.listings.hygiene.patterns import END, any_of, whole_of

PRICE_ON_REQUEST = "|".join(
    (
        any_of(
            # English
            r"negotiable",
            r"(?:price )?(?:up)?on (?:application|request|enquiry|inquiry|asking|demand)",
            r"(?:call|ask|phone|text|e-?mail|contact|enquire|inquire|message|whats?app) "
            r"(?:us|me|for|to|now|seller|dealer|owner)",
            r"contact (?:\w+ )?for (?:\w+ )?price",
            r"best offers?",
            r"(?:make|any|open to|all) (?:an |a |me an )?(?:reasonable )?offers?",
            r"offers? (?:invited|accepted|welcome|only)",
            r"to be (?:agreed|advised|announced|confirmed|discussed)",
            # German, Dutch
            r"(?:preis )?auf anfrage",
            r"anfragen?",
            r"verhandlungs(?:basis|sache)",
            r"verhandelbar",
            r"nach (?:absprache|vereinbarung)",
            r"preisvorschlag",
            r"(?:prijs )?op aanvraag",
            r"nader overeen te komen",
            r"bieden",
            # French, Spanish, Portuguese, Italian, Romanian
            r"(?:prix )?sur demande",
            r"(?:nous )?(?:consulter|contacter)",
            r"(?:à|a) (?:débattre|debattre|discuter|négocier|negocier)",
            r"faire (?:une )?offre",
            r"a (?:consultar|convenir|tratar|combinar|negociar)",
            r"(?:consultar|consulte|preguntar|llamar|negociable|negociável|negociabil)",
            r"sob consulta",
            r"su richiesta",
            r"trattabil[ei]",
            r"(?:in )?trattativa",
            r"da (?:concordare|definire)",
            r"la cerere",
            # Nordic, Finnish
            r"(?:på|etter|efter) (?:forespørsel|avtale|aftale|förfrågan|overenskomst|överenskommelse)",
            r"enligt överenskommelse",
            r"högstbjudande",
            r"ring for pris",
            r"sopimuksen mukaan",
            r"(?:kysy|pyydä) hinta\p{L}*",
            # Slavic, Hungarian, Greek, Turkish
            r"(?:na|do) (?:zapytanie|telefon|uzgodnienia|negocjacji|dotaz|upit)",
            r"dohodou",
            r"(?:cena )?(?:po )?dogovor\p{L}*",
            r"megegyezés\p{L}*",
            r"договор\p{L}*",
            r"договір\p{L}*",
            r"по (?:запросу|звонку|телефону)",
            r"за (?:домовленістю|домовленості)",
            r"торг\p{L}*",
            r"уточня\p{L}*",
            r"звоните",
            r"συζητήσιμη",
            r"κατόπιν",
            r"(?:fiyat )?sorunuz",
            r"pazarlık\p{L}*",
            # Vietnamese, Indonesian
            r"(?:giá )?(?:liên hệ|thương lượng|thỏa thuận)",
            r"hubungi\p{L}*",
        ),
        whole_of(
            r"poa",
            r"p\.o\.a",
            r"por",
            r"p\.o\.r",
            r"tb[acd]",
            r"neg",
            r"nego",
            r"ono",
            r"o\.n\.o",
            r"obo",
            r"o\.b\.o",
            r"call",
            r"ask",
            r"phone",
            r"contact",
            r"enquire",
            r"inquire",
            r"offers?",
            r"request",
            r"(?:see|view) (?:dealer|website|details)",
            r"v\.?h?b\.?",
            r"vhs",
            r"a\.? ?a",
            r"n\.?o\.?t\.?k",
            r"o\.?t\.?k",
            r"n\.?c",
            r"ring",
            r"pris",
        ),
        "応談|要?相談|要?問い?合わ?せ|お問合せ|時価|面[議议]|[洽電电协協]談|电[议詢询]|電[洽議]|[議议]价|議價|[協协]商|협의|문의|상담|"
        "السوم|للتفاوض|اتصل|عند الطلب|ต่อรอง|สอบถาม|ติดต่อ|לפי פנייה|בקשה",
    )
)
MONTHLY = "|".join(
    (
        any_of(
            r"(?:per|a|each|every|pro|par|al|por|/) ?"
            r"(?:month|mth|mo|monat|mois|mese|mes|mês|week|wk|woche|semaine)",
            r"p\.? ?c\.? ?m\.?",
            r"p\.? ?m\.?",
            r"p/m",
            r"p\.? ?w\.?",
            r"monthly",
            r"weekly",
            r"mtl\.?",
            r"monatlich\p{L}*",
            r"monatsrate",
            r"mensuel\p{L}*",
            r"mensual\p{L}*",
            r"mensil\p{L}*",
            r"mensal\p{L}*",
            r"mensualidad\p{L}*",
            r"miesięczn\p{L}*",
            r"mies\.?",
            r"měsíčně",
            r"ежемесячн\p{L}*",
            r"(?:в|за|/) ?мес\p{L}*\.?",
            r"maandelijks",
            r"aylık",
            r"leasing\p{L}*",
            r"lease",
        ),
        r"/ ?(?:month|mth|mo|m|monat|mois|mese|mes|mês|mies|maand|mnd|md|mån|week|wk|woche|мес)(?:$|[^\p{L}])",
        r"\d ?pcm",
        r"\d ?pm(?:$|[^\p{L}])",
        "月[々額供払]|每月|월 ?납|매월|شهري",
    )
)
DEPOSIT = "|".join(
    (
        any_of(
            r"deposit",
            r"down ?payment",
            r"anzahlung",
            r"acompte",
            r"apport",
            r"entrada",
            r"caparra",
            r"anticipo",
            r"acconto",
            r"aanbetaling",
            r"zaliczk\p{L}*",
            r"záloha",
            r"depósito",
            r"handpenning",
            r"взнос\p{L}*",
            r"предоплат\p{L}*",
            r"задат\p{L}*",
            r"peşinat",
        ),
        "頭金|訂金|定金|계약금|보증금|عربون",
    )
)
_TAX = r"(?:vat|mwst|mehrwertsteuer|ust|tva|iva|btw|moms|mva|dph|pdv|kdv|gst|ндс|пдв|фпа|tax(?:es)?)"
_LESS = (
    r"\+|plus|ex|ex\.|excl\.?|exc\.?|excluding|zzgl\.?|exkl\.?|ohne|hors|sin|senza|sem|uden|utan|ekskl\.?|bez|без|"
    r"más|mas|più|before|net of"
)
TITLE_WITHOUT_VAT = "|".join(
    (
        rf"(?:{_LESS}) ?{_TAX}{END}",
        any_of(r"no vat included", r"netto", r"net price", r"esclusa iva"),
        "税抜|税別|未稅|不含税",
    )
)
WITHOUT_VAT = f"{TITLE_WITHOUT_VAT}|{any_of('ht', 'h[.]t[.]?', 'nett?')}"
"""Beside a price; in a title some of these words mean a hard top, or nice."""
COLUMN_ON_REQUEST = r"negotiable|on_?request|on_?application|^poa$|anfrage|договор"
