"""Other names of makes, fuels and gearboxes, by which people ask for them."""

MAKE_ALIASES = {
    "vw": "volkswagen",
    "chevy": "chevrolet",
    "mercedes": "mercedes-benz",
    "merc": "mercedes-benz",
    "mb": "mercedes-benz",
    "benz": "mercedes-benz",
    "landrover": "land rover",
    "range rover": "land rover",
    "alfa": "alfa romeo",
    "maruti": "maruti suzuki",
    "ssang yong": "ssangyong",
    "lynkco": "lynk & co",
    "ваз": "lada",
    "лада": "lada",
    "тойота": "toyota",
    "ниссан": "nissan",
    "хонда": "honda",
    "мазда": "mazda",
    "форд": "ford",
    "бмв": "bmw",
    "ауди": "audi",
    "мерседес": "mercedes-benz",
    "фольксваген": "volkswagen",
    "хендай": "hyundai",
    "хёндэ": "hyundai",
    "киа": "kia",
    "шкода": "skoda",
    "рено": "renault",
    "пежо": "peugeot",
    "опель": "opel",
    "шевроле": "chevrolet",
    "мицубиси": "mitsubishi",
    "лексус": "lexus",
}
"""In small letters."""

SAME_VALUES: dict[str, tuple[str, ...]] = {
    "fuel": (
        "petrol gasoline gasolina benzin benzine benzina benzyna benzín essence bensin unleaded бензин",
        "diesel dízel dizel diésel gasoil gasóleo gazole nafta motorină дизель",
        "electric ev bev elektro électrique eléctrico elétrico elettrica elektrisch elektryczny электро",
        "hybrid hev hybride híbrido ibrida hybryda hibrit hibrid гибрид",
        "lpg autogas gpl",
        "cng erdgas metano",
    ),
    "transmission": (
        "manual manuell manuelle manuale mt m/t stick schaltgetriebe handgeschakeld manualna механика",
        "automatic auto aut automatik automatique automático automaat automatyczna at a/t otomatik автомат",
    ),
}
"""By feature: words that mean one value where a market has just one of them."""
