"""The words that say that a listing is no usual used car, in many languages, to be searched in lower case."""

# ruff: noqa: RUF001  # words of other alphabets have letters that look like Latin ones

from carprice.listings.hygiene.patterns import END, START, any_of, whole_of

NEW = whole_of(
    r"brand[ -]?new",
    r"new",
    r"new (?:car|vehicle|cars|vehicles)",
    r"neu",
    r"neuwagen",
    r"neufahrzeug",
    r"neuf",
    r"neuve",
    r"véhicule neuf",
    r"voiture neuve",
    r"nuevo",
    r"nueva",
    r"coche nuevo",
    r"nuovo",
    r"nuova",
    r"novo",
    r"nova",
    r"nieuw",
    r"ny",
    r"nybil",
    r"uusi",
    r"now[ya]",
    r"nový",
    r"nové",
    r"új",
    r"nou",
    r"нов[ыо][йе]",
    r"новая",
    r"нове",
    r"новий",
    r"yeni",
    r"sıfır",
    r"καινούργιο",
    r"جديد[ةه]?",
    r"חדש",
    r"新車",
    r"新车",
    r"全新",
    r"신차",
    r"mới",
    r"xe mới",
    r"baru",
    r"(?:0|zero) ?km",
    r"factory new",
)
USED = whole_of(
    r"used(?: (?:car|vehicle)s?)?",
    r"pre[ -]?owned",
    r"second[ -]?hand",
    r"gebraucht(?:wagen|fahrzeug)?",
    r"(?:d')?occasion",
    r"usad[oa]s?",
    r"usat[oa]",
    r"segunda mano",
    r"de ocasión",
    r"semi-?nov[oa]s?",
    r"używan[ya]",
    r"(?:с пробегом|б/у|бу|подержанн\p{L}*)",
    r"вживан\p{L}*",
    r"tweedehands",
    r"gebruikt",
    r"begagnad",
    r"brugt",
    r"brukt",
    r"käytetty",
    r"ojet[ýéá]",
    r"použit[ýé]",
    r"használt",
    r"rulat",
    r"ikinci el",
    r"2\. ?el",
    r"μεταχειρισμένο",
    r"مستعمل[ةه]?",
    r"中古車?",
    r"二手车?",
    r"중고차?",
    r"cũ",
    r"bekas",
)
DEMONSTRATOR = whole_of(
    r"(?:ex[ -]?)?demo(?:nstrator)?(?: (?:car|vehicle|model))?",
    r"near(?:ly)?[ -]?new",
    r"dealer demo",
    r"dealer ex[ -]?demo",
    r"vorführ(?:wagen|fahrzeug|er)",
    r"tageszulassung",
    r"kurzzulassung",
    r"dienstwagen",
    r"(?:véhicule|voiture)? ?(?:de )?(?:démonstration|direction)",
    r"(?:coche |vehículo )?(?:de )?demostraci[óo]n",
    r"(?:auto )?dimostrativ[oa]",
    r"km ?0",
    r"(?:veículo )?(?:de )?demonstração",
    r"demonstratie(?:auto|wagen)?",
    r"demobil",
    r"demowagen",
    r"esittelyauto",
    r"demonstracyjny",
    r"předváděcí",
    r"демо(?:нстрационный)?",
    r"試乗車",
    r"展示車",
    r"デモカー",
    r"시승차",
)
SALVAGE = "|".join(
    (
        any_of(
            r"salvage\p{L}*",
            r"write[ -]?off",
            r"written[ -]?off",
            r"cat(?:egory)?[ .-]?[abcdns]",
            r"total(?:ly)? loss",
            r"rebuilt title",
            r"rebuilt",
            r"crashed",
            r"wreck(?:ed)?",
            r"accident(?:ed| damaged?)?",
            r"damaged?",
            r"flood(?:ed)?",
            r"junk",
            r"parts only",
            r"for parts",
            r"for spares",
            r"spares? (?:or|and|&|/) ?repairs?",
            r"non[ -]?runner",
            r"not running",
            r"does not (?:run|start)",
            r"needs? (?:engine|gearbox|transmission)",
            r"unfall(?:wagen|fahrzeug|schaden|auto)?",
            r"totalschaden",
            r"motorschaden",
            r"getriebeschaden",
            r"beschädigt\p{L}*",
            r"defekt\p{L}*",
            r"bastler(?:fahrzeug|auto)?",
            r"nicht fahrbereit",
            r"accidenté\p{L}*",
            r"épave",
            r"pour pi[èe]ces",
            r"(?:en )?panne",
            r"vei|vge",
            r"siniestr\p{L}*",
            r"accidentad[oa]",
            r"averiad[oa]",
            r"dañad[oa]",
            r"chocad[oa]",
            r"para (?:piezas|peças|despiece)",
            r"sinistrad[oa]",
            r"incidentat[oa]",
            r"danneggiat[oa]",
            r"batid[oa]",
            r"avariad[oa]",
            r"salvado",
            r"schade(?:auto|voertuig)?",
            r"skadad|skadet",
            r"vaurioitunut|kolaroitu",
            r"uszkodzon[ya]",
            r"rozbit[ya]",
            r"powypadkow[ya]",
            r"na części",
            r"havarovan[ýáé]",
            r"poškozen[ýáé]",
            r"sérült",
            r"avariat[ăa]?",
            r"бит(?:ый|ая|ое)",
            r"аварийн\p{L}*",
            r"поврежд[её]н\p{L}*",
            r"(?:после|был[ао]? в) дтп",
            r"не на ходу",
            r"на запчасти",
            r"требует (?:ремонта|вложений)",
            r"бита|пошкоджен\p{L}*",
            r"(?:ağır )?hasarlı",
            r"pert",
            r"kazalı",
        ),
        "事故車|事故车|修復歴(?:あり|有)|不動車|部品取り|사고차|사고이력|مصدوم|صدم|تشليح|תאונה",
    )
)
_NO = (
    r"no|never|not|non|without|zero|0|free of|keine?|nicht|ohne|sans|sin|senza|sem|bez|без|не|nie|není|nem|geen|"
    r"ingen|ikke|inte|ei|hayır|hiç|nunca|jamás|jamais|mai|nigdy|aldrig|nooit|никогда"
)
_HARM = (
    r"accident|damage|crash|wreck|unfall|besch|schade|defekt|siniestr|incident|sinistr|dañ|averi|uszkod|wypad|"
    r"rozbit|havar|poško|дтп|бит|авар|поврежд|ремонт|вложен|skad|hasar|kaza|flood|salvage|panne|choc|batid"
)
NOT_SALVAGE = "|".join(
    (
        r"accident[ -]?free",
        r"\d[.,]\d ?\p{L}{0,3} cat ",
        rf"{START}(?:{_NO}) (?:\p{{L}}+ ){{0,2}}(?:{_HARM})",
        r"undamaged|unbeschädigt|unfallfrei|schadefrei|schadevrij|nieuszkodzon|bezwypadkow|hasarsız|kazasız|небит|безавар",
        r"修復歴(?:なし|無)|無事故|无事故|무사고",
    )
)
_WANTING = (
    r"wanted|wtb|want to buy|looking (?:for|to buy)|we buy|buying|cash for|suchen?|ankauf|gesuch|"
    r"kaufe[n]?|wir kaufen|cherche|recherche|j'ach[èe]te|ach[èe]te|busco|compro|compramos|cerco|"
    r"procuro|acquisto|gezocht|gevraagd|inkoop|köpes|sökes|kjøpes|søger|købes|ostetaan|kupię|skup|"
    r"koupím|vásárolnék|veszek|cumpăr|куплю|выкуп|скупка|купуємо|aranıyor|alınır|ζητείται|מחפש"
)
WANTED = "|".join(
    (
        rf"^[^\p{{L}}\d]*(?:{_WANTING})(?:$|[^\p{{L}}\d])",
        "^(?:求購|求购|收購|收购|高価?買取|買取|매입|삽니다|مطلوب)",
    )
)
_PART = (
    r"(?:(?:alloy|steel|winter|summer|alu|aluminium) ?)?(?:wheels|rims|alloys|tyres|tires|"
    r"winterräder|sommerräder|kompletträder|winterreifen|sommerreifen|"
    r"alufelgen|felgen|felgensatz|jantes|pneus|llantas|neumáticos|cerchi|gomme|pneumatici|rodas|velgen|banden|"
    r"fälgar|vinterdäck|felger|koła|felgi|opony|kola|pneumatiky|диски|шины|колеса|колёса|резина)"
)
_THING = (
    r"(?:engine|gearbox|transmission|bumper|bonnet|hood|tailgate|headlights?|door|mirror|seats?|exhaust|radiator|turbo|alternator|motor|getriebe|stoßstange|"
    r"motorhaube|scheinwerfer|moteur|boîte de vitesses|pare-chocs|двигатель|коробка|бампер|капот|фара)"
)
PARTS = "|".join(
    (
        rf"^[^\p{{L}}\d]*(?:(?:a |full )?sets? of )?(?:\d ?x? ?)?(?:genuine |original |oem |used )?{_PART}{END}",
        rf"^[^\p{{L}}\d]*(?:\d+ ?(?:\"|inch|zoll|''|r)? ?){_PART}{END}",
        rf"{_PART} (?:only|for sale|set|zu verkaufen|à vendre)",
        rf"^[^\p{{L}}\d]*(?:genuine |original |oem |used )?{_THING} (?:for|only|from|für|pour|от|на){END}",
        rf"{_THING} only",
        whole_of(
            r"(?:spare |car |auto )?parts",
            r"spares",
            r"accessor(?:y|ies)",
            r"(?:auto|ersatz)?teile",
            r"zubehör",
            r"pi[èe]ces(?: d[ée]tach[ée]es)?",
            r"recambios",
            r"repuestos",
            r"ricambi",
            r"peças",
            r"onderdelen",
            r"reservdelar",
            r"części",
            r"запчасти",
            r"パーツ",
        ),
        any_of(
            r"breaking(?: for)?(?: (?:parts|spares))?",
            r"(?:being )?(?:broken|dismantled) for (?:parts|spares)",
            r"schlachtfahrzeug",
            r"teileträger",
            r"ersatzteile für",
            r"pi[èe]ces d[ée]tach[ée]es",
            r"разбор\p{L}*",
            r"в разбор",
        ),
    )
)
PARTS_HINT = rf"{any_of(_PART)}|{any_of(_THING)}"
"""Whole cars are offered with such words too: they count with a price far below that of such cars alone."""

COLUMN_SELLER = (
    r"^(?:.*_)?(?:seller|dealer|vendor|vendedor|vendeur|venditore|verkäufer|händler|anbieter|verkoper|sprzedawca|"
    r"продавец|satıcı|garage|company|shop)(?:_?name)?$"
)
"""Names of columns with those of sellers, who may live by tyres."""
COLUMN_CONDITION = (
    r"condition|new|used|neu|zustand|état|etat|estado|condizion|stato|toestand|staat|stan|stav|skick|tilstand|kunto|status|"
    r"offer_?type|seller_?type|vehicle_?type|car_?type|состояние|durum|状態|状况|상태|الحالة"
)
"""Names of columns whose values may say new: the code of New York, or a model called Nova, says nothing."""
COLUMN_NEW = r"^(?:is_?)?(?:brand_?)?new(?:_?car|_?vehicle)?$|^(?:ist_?)?neu(?:wagen)?$|^is_?new$"
COLUMN_DEMONSTRATOR = r"^(?:is_?)?(?:ex_?)?demo(?:nstrator)?(?:_?car)?$|vorführ"
COLUMN_SALVAGE = (
    r"salvage|damage|wreck|crashed|write_?off|total_?loss|beschädig|schaden|unfallwagen|accidente|siniestr|"
    r"uszkodz|бит"
)
COLUMN_NOT_SALVAGE = r"undamaged|no_?damage|damage_?free|not_?damaged|without|frei|free|parts|cost|amount|date"
