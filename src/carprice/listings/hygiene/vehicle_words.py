"""The words that say that a vehicle is none of those that a price of cars is for, to be searched in lower case."""

from carprice.listings.hygiene.patterns import whole_of

# No bus, truck, van or pickup: in many countries those are cars, as a Volkswagen Bus is.
KIND = whole_of(
    r"(?:motor(?:cycle|bike|rad|räder)|motorr[ae]d|scooter|moped|quad|atv|snowmobile)s?(?:[ &/,-]+\p{L}+)?",
    r"motos?",
    r"motocicl(?:eta|o|ett[ae])s?",
    r"motocykle?",
    r"motosiklet",
    r"moottoripyörä",
    r"motorcykel",
    r"motorfiets(?:en)?",
    r"мото(?:цикл\p{L}*|техника)?",
    r"(?:دراجات? )?نارية",
    r"xe máy",
    r"sepeda motor",
    r"オートバイ|バイク|摩托车|機車|오토바이",
    r"lorr(?:y|ies)",
    r"heavy (?:truck|vehicle|equipment|machinery)s?",
    r"(?:semi|dump|tipper|tow|box|tractor|crane)[ -]?trucks?",
    r"lkw|lastwagen|lastkraftwagen|sattelzugmaschine",
    r"camions?|poids[ -]lourds?",
    r"cami[óo]n(?:es)?|tracto-?cami[óo]n(?:es)?",
    r"caminh(?:ão|ões)",
    r"autocarr[io]",
    r"грузов\p{L}*|спецтехника|тягач\p{L}*",
    r"вантаж\p{L}*",
    r"ciężarow\p{L}*|nákladní\p{L}*|kamyon|kuorma-auto|lastbil|vrachtwagen|tehergépkocsi|camion autoutilitar",
    r"xe tải|truk",
    r"卡车|货车|トラック",
    r"(?:farm |agricultural )?tractors?|traktory?|tracteurs?|tractores|трактор\p{L}*",
    r"(?:agricultural|construction|industrial)(?: (?:vehicles?|machinery|equipment))?",
    r"excavators?|backhoes?|forklifts?|loaders?|bulldozers?|graders?|cranes?|maquinarias?",
    r"(?:semi-?)?trailers?|anhänger|remorques?|remolques?|rimorchi[o]?|przyczep[ay]|прицеп\p{L}*|naczep[ay]",
    r"caravans?|wohnwagen|wohnmobile?|motor ?homes?|campers?|camping-?cars?|autocaravanas?|kampery?",
    r"boats?|boote?|bateaux?|barcos?|jet ?skis?",
    r"(?:coaches|autobuses|autobus|автобус\p{L}*|otobüs|reisebusse?|ônibus)",
)
MAKE = whole_of(
    r"kawasaki|yamaha|ducati|ktm|vespa|aprilia|husqvarna|moto guzzi|harley(?:[ -]davidson)?|royal enfield",
    r"bajaj|tvs|hero(?: motocorp)?|indian motorcycle|benelli|cfmoto|kymco|sym|piaggio",
    r"scania|freightliner|kenworth|peterbilt|mack|western star|kamaz|камаз|маз|hino|fuso|ud trucks",
    r"sinotruk|howo|shacman",
    r"john deere|massey ferguson|new holland|caterpillar|komatsu|jcb|case ih|kubota",
)
"""Makes that have built no cars: MAN, DAF, Iveco, Suzuki and Honda have."""
