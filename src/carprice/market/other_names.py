"""Other names of makes, fuels and gearboxes, by which people ask for them."""

# ruff: noqa: RUF001  # letters of other alphabets look like Latin ones

_IN_OTHER_SCRIPTS = {
    "toyota": "טויוטה تويوتا تویوتا 丰田 豐田 トヨタ 토요타 도요타",
    "hyundai": "יונדאי هيونداي هیوندای 现代 ヒュンダイ 현대",
    "kia": "קיה كيا کیا 起亚 기아",
    "nissan": "ניסאן نيسان نیسان 日产 日產 日産 닛산",
    "honda": "הונדה هوندا 本田 ホンダ 혼다",
    "mazda": "מאזדה مازدا 马自达 マツダ 마쓰다",
    "mitsubishi": "מיצובישי ميتسوبيشي میتسوبیشی 三菱 미쓰비시",
    "suzuki": "סוזוקי سوزوكي سوزوکی 铃木 スズキ 스즈키",
    "subaru": "סובארו سوبارو 斯巴鲁 スバル 스바루",
    "daihatsu": "דייהטסו دايهاتسو ダイハツ",
    "lexus": "לקסוס لكزس لکسوس 雷克萨斯 レクサス 렉서스",
    "ford": "פורד فورد 福特 フォード 포드",
    "chevrolet": "שברולט شيفروليه شفروليه 雪佛兰 シボレー 쉐보레",
    "jeep": "ג'יפ جيب 吉普 ジープ 지프",
    "volkswagen": "פולקסווגן فولكس فولکس 大众 フォルクスワーゲン 폭스바겐",
    "audi": "אאודי أودي اودي آئودی 奥迪 アウディ 아우디",
    "bmw": "ב.מ.וו 宝马",
    "mercedes-benz": "מרצדס مرسيدس بنز 奔驰 メルセデス・ベンツ 벤츠",
    "skoda": "סקודה سكودا 斯柯达",
    "seat": "סיאט سيات",
    "opel": "אופל أوبل اوبل",
    "renault": "רנו رينو رنو 雷诺 르노",
    "peugeot": "פיג'ו بيجو پژو 标致 プジョー 푸조",
    "citroen": "סיטרואן ستروين سیتروئن 雪铁龙 シトロエン 시트로엥",
    "fiat": "פיאט فيات فیات 菲亚特 フィアット 피아트",
    "volvo": "וולוו فولفو ولوو 沃尔沃 ボルボ 볼보",
    "tesla": "טסלה تسلا 特斯拉 テスラ 테슬라",
    "porsche": "פורשה بورش پورشه 保时捷 ポルシェ 포르쉐",
    "byd": "比亚迪",
    "mg": "名爵",
    "geely": "吉利 جيلي جیلی",
    "chery": "奇瑞 شيري چری",
    "genesis": "제네시스",
    "ssangyong": "쌍용",
    "land rover": "路虎 ランドローバー 랜드로버",
    "mini": "미니",
}
"""By make: what it is called in Hebrew, Arabic, Persian, Chinese, Japanese and Korean."""

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
    "aston": "aston martin",
    "rolls": "rolls-royce",
    "gwm": "great wall",
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
    "ситроен": "citroen",
    "вольво": "volvo",
    "порше": "porsche",
    "субару": "subaru",
    "сузуки": "suzuki",
    "фиат": "fiat",
    "сеат": "seat",
    "джип": "jeep",
    "додж": "dodge",
    "ягуар": "jaguar",
    "инфинити": "infiniti",
    "ленд ровер": "land rover",
    "джили": "geely",
    "чери": "chery",
    "хавал": "haval",
    **{name: make for make, names in _IN_OTHER_SCRIPTS.items() for name in names.split()},
}
"""In small letters."""

SISTER_MAKES = (("opel", "vauxhall"),)
"""Makes of the same cars in different countries: a file that has one of them means the other by it."""

SAME_VALUES: dict[str, tuple[str, ...]] = {
    "fuel": (
        "petrol gasoline gasolina benzin benzine benzina benzyna benzín essence bensin "
        "unleaded бензин 汽油 휘발유 가솔린 ガソリン xăng بنزين בנזין เบนซิน",
        "diesel dízel dizel diésel gasoil gasóleo gazole nafta motorină дизель 柴油 디젤 경유 軽油 "
        "ディーゼル dầu ديزل דיזל ดีเซล",
        "electric ev bev elektro électrique eléctrico elétrico elettrica elektrisch "
        "elektryczny электро електро 电动 纯电动 電気 전기 điện كهرباء חשמלי",
        "hybrid hev hybride híbrido ibrida hybryda hibrit hibrid гибрид гібрид 混动 油电混合 ハイブリッド "
        "하이브리드 هايبرد היברידי",
        "lpg autogas gpl",
        "cng erdgas metano",
    ),
    "transmission": (
        "manual manuell manuelle manuale mt m/t stick schaltgetriebe handgeschakeld manualna "
        "механика механическая механічна ручна 手动 手排 수동 マニュアル عادي يدوي ידני",
        "automatic auto aut automatik automatique automático automaat automatyczna at a/t "
        "otomatik автомат автоматическая автоматична 自动 自排 오토 자동 オートマ اوتوماتيك أوتوماتيك "
        "אוטומט",
    ),
}
"""By feature: words that mean one value where a market has just one of them."""
