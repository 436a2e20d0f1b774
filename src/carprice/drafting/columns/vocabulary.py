"""Words by which columns and their values are known, in the languages of many markets: data, no code.

Names of columns are written without spaces and accents do not count; the surest come first.
"""

ROLE_NAMES: dict[str, str] = {
    "price": (
        "soldprice pricesold hammerprice transactionprice price askingprice sellingprice saleprice listprice carprice pricegbp priceusd priceeur pricenumeric prices "
        "amount cost preis verkaufspreis prix precio prezzo preco preço valor цена цінa ціна cena vételár ár ara pret "
        "preț fiyat fiyati fiyatı prijs pris hinta harga gia giá ราคา السعر سعر 価格 値段 支払総額 本体価格 价格 售价 報價 "
        "가격 판매가 цена руб price lakh баасы үнэ τιμή מחיר"
    ),
    "make": (
        "make manufacturer brand maker carmake marque marke hersteller marca марка márka marka merk märke bilmärke "
        "merkki znacka značka vyrobce výrobce marca auto бренд производитель hãng hang merek ยี่ห้อ الماركة ماركة الشركة "
        "メーカー 品牌 厂商 廠牌 제조사 브랜드 company carbrand vehiclemake automaker марка авто makename მწარმოებელი יצרן"
    ),
    "model": (
        "model modelname carmodel modell modele modèle modelo modello модель модел malli série serie seri carname name "
        "vehiclemodel dòng รุ่น الموديل موديل モデル 車種 车型 车系 車款 모델 모델명 cartitle მოდელი דגם"
    ),
    "year": (
        "year prodyear productionyear modelyear yearofregistration registrationyear regyear manufacturingyear "
        "yearofmanufacture manufactureyear yearofproduction firstregistration registrationdate regdate baujahr "
        "erstzulassung ez annee année ano año anno jahr jahrgang год годвыпуска рік rok rokprodukcji rocznik évjárat ev "
        "an anfabricatie anulfabricatiei rokvyroby yil yıl modelyili bouwjaar årsmodell årgang vuosimalli tahun năm "
        "namsx ปี سال ساخت السنة سنة سنةالصنع 年式 初度登録 年份 上牌时间 出廠年份 연식 modelyearofcar vintage წელი שנה madeyear yom"
    ),
    "mileage": (
        "kmdriven kmsdriven kilometersdriven kilometresdriven drivenkm drivenkms mileage odometer milage odo km kms "
        "kilometers kilometres kilometer mileagekm miles kilometerstand laufleistung kilometrage kilométrage "
        "kilometraje kilometri chilometraggio percorrenza quilometragem quilometros quilómetros пробег пробіг przebieg "
        "km-óraállás kilométeróra futottkm rulaj kilometraj najeto najetokm stavtachometru kilometre tellerstand "
        "kilometerstand mätarställning kilometertal kmstand ajetut mittarilukema jaraktempuh số km sokm ไมล์ เลขไมล์ "
        "کارکرد الممشى ممشى عددالكيلومترات 走行距離 里程 表显里程 里程数 주행거리 distance usedmiles run runkm kmrun გარბენი mileagemi miltal antalmil körsträcka tkm"
    ),
    "fuel": (
        "fuel fueltype kraftstoff kraftstoffart treibstoff carburant energie énergie combustible combustivel "
        "combustível carburante alimentazione топливо типтоплива видтоплива паливо paliwo rodzajpaliwa üzemanyag "
        "combustibil palivo yakit yakıt yakittipi brandstof bränsle drivmedel polttoaine bahanbakar nhiênliệu เชื้อเพลิง "
        "الوقود نوعالوقود 燃料 燃料类型 연료 enginetype engtype drivstoff"
    ),
    "transmission": (
        "transmission gearbox gearboxtype gear gears transmissiontype geartype getriebe schaltung boite boîte "
        "boitedevitesse cambio caja cajadecambios câmbio кпп коробка коробкапередач трансмиссия коробкапереключения "
        "skrzyniabiegów skrzyniabiegow sebességváltó valto cutie cutiedeviteze prevodovka převodovka vites vitestipi "
        "transmissie växellåda girkasse vaihteisto transmisi hộpsố เกียร์ القير ناقلالحركة ミッション 変速箱 变速箱 變速系統 "
        "변속기 미션"
    ),
    "engine_size": (
        "enginesize enginevolume enginecapacity displacement enginedisplacement enginecc cc capacity hubraum "
        "cylindree cylindrée cilindrada cilindrata объем объемдвигателя объём обʼєм двигун pojemność "
        "pojemnoscsilnika hengerűrtartalom capacitatecilindrica objem motorhacmi motor motorvol engine engv "
        "cilinderinhoud slagvolym kapasitasmesin dungtích سعةالمحرك المحرك 排気量 排量 배기량 двигатель engineliters litres"
    ),
    "power": (
        "power horsepower hp bhp enginepower maxpower kw ps leistung leistungps leistungkw puissance potencia potência "
        "potenza cv мощность лс потужність moc mocsilnika teljesítmény putere vykon výkon motorgucu beygir vermogen "
        "effekt hästkrafter teho tenaga công suất قوة 馬力 功率 마력 출력 powerps horse_power"
    ),
    "body": (
        "body bodytype bodystyle bodyshape carosserie carrosserie category vehicletype cartype karosserie karosserieform "
        "carroceria carrocería carrozzeria кузов типкузова nadwozie typnadwozia kivitel caroserie karoserie kasa "
        "kasatipi carrosserievorm kaross karosseri kori tipebodi kiểudáng ตัวถัง نوعالهيكل ボディタイプ 车身 차종 type bodywork "
        "car/suv classification vehicleclass segment"
    ),
    "drive": (
        "drive drivewheels drivetrain wheeldrive drivetype drivenwheels antrieb antriebsart traccion tracción tração "
        "trazione transmisja привод napęd naped hajtás tractiune pohon cekis çekiş aandrijving drivhjul vetotapa "
        "نظامالدفع الدفع 駆動 駆動方式 驱动 구동방식 wheels"
    ),
    "color": (
        "color colour exteriorcolor exteriorcolour paint paintcolor farbe couleur cor colore цвет колір kolor szín "
        "culoare barva renk kleur färg farge väri warna màu สี اللون لون 色 車体色 颜色 車色 색상 bodycolor extcolor"
    ),
    "doors": "doors numberofdoors doorcount numdoors doornumber türen turen portes puertas portas porte двери drzwi "
    "ajtók usi kapi kapı deuren dörrar ovet ドア 车门 nrdoors",
    "seats": "seats numberofseats seatcount seatingcapacity sitze plazas asientos lugares posti места miejsc nrofseats "
    "zitplaatsen seating capacidad 座位 정원",
    "cylinders": "cylinders cylinder numberofcylinders cylinderinengine cylindersinengine zylinder cilindros cilindri "
    "цилиндры numcylinders enginecylinders",
    "gears": "numberofgears numgears gearcount nrofgears gänge ganganzahl anzahlgänge marchas vitesses biegi velocidades",
    "trim": "trim trimlevel variant version versión versão versione version ausstattung finition комплектация "
    "wersja felszereltség versiune vybava donanim uitvoering grade グレード 配置 등급 subtitle edition series submodel",
    "owners": "owner owners hand yad ownertype previousowners noofowners numberofowners owner_count vorbesitzer "
    "anzahlvorbesitzer владельцы ownernumber",
    "condition": "condition zustand état etat estado condizione состояние stan állapot stare stav durum staat "
    "usedornew carcondition newused",
}
"""The names that the column of each role has."""

NUMBER_ROLES = ("price", "mileage", "engine_size", "power", "doors", "seats", "cylinders")

ROLE_VALUES: dict[str, str] = {
    "fuel": (
        "petrol gasoline gas diesel electric hybrid plug-in lpg cng hydrogen ethanol flex flexfuel unleaded premium "
        "benzin benziner elektro erdgas autogas essence gazole électrique electrique hybride gpl gasolina diésel "
        "bencina bencinero petróleo petroleo nafta eléctrico electrico híbrido hibrido hibrid hibrit gasóleo elétrico elettrica ibrida benzina metano бензин дизель дизельный "
        "электро гибрид газ бензиновый електро benzyna elektryczny hybryda benzín nafta dízel dizel motorină motorina "
        "benzine elektrisch bensin el dieselöl bensiini sähkö bensin solar xăng dầu điện เบนซิน ดีเซล بنزين ديزل هايبرد "
        "ガソリン ディーゼル ハイブリッド 汽油 柴油 电动 混动 휘발유 가솔린 디젤 하이브리드 전기 mhev phev hev bev qaz газ"
    ),
    "transmission": (
        "automatic manual semi-automatic automated aut automatizado tiptronic cvt variator robot dct dsg amt auto schaltgetriebe "
        "automatik halbautomatik manuelle automatique manuell automático automatico automática automatica manuale mecánica mecanica mecánico secuencial "
        "автомат автоматическая механика механическая ручная вариатор робот типтроник роботизированная ручна автоматична "
        "automatyczna manualna automata manuális manuala automata manuální düz otomatik yarı handgeschakeld automaat "
        "automat automaatti manuaali matic tự số sàn อัตโนมัติ ธรรมดา اوتوماتيك أوتوماتيك عادي يدوي オートマ マニュアル AT MT "
        "自动 手动 自排 手排 오토 자동 수동 a/t m/t avtomat mexaniki mexanika mechanik mechaninė automatinė"
    ),
    "drive": (
        "fwd rwd awd 4wd 2wd 4x4 4x2 front rear all-wheel front-wheel rear-wheel quattro xdrive 4matic передний задний "
        "полный front wheel frontantrieb heckantrieb allrad allradantrieb traction propulsion intégrale delantera "
        "trasera total dianteira traseira anteriore posteriore integrale przednie tylne fata spate přední zadní önden "
        "arkadan voorwielaandrijving achterwielaandrijving framhjulsdrift fyrhjulsdrift 前驱 后驱 四驱 전륜 후륜 2ข้าง 4ข้าง"
    ),
    "body": (
        "sedan saloon hatchback estate wagon suv coupe coupé convertible cabriolet cabrio van minivan pickup mpv "
        "crossover roadster limousine kombi kleinwagen geländewagen berline break citadine monospace berlina familiar "
        "todoterreno ranchera седан хэтчбек универсал внедорожник купе кроссовер минивэн хетчбек позашляховик "
        "hatchback-auto kompakt miejskie szedán ferdehátú hatchbackm terepjáró sedán combi jeep targa mini-van "
        "セダン ハッチバック ワゴン 轿车 越野车 掀背 세단 해치백 truck bus microcar liftback"
    ),
    "condition": "used new demo demonstrator demonstration pre-registered vorführwagen tageszulassung jahreswagen gebraucht neu neuwagen occasion usado nuevo novo seminovo seminuevo usato "
    "nuovo новый подержанный używany nowy használt új nou rulat ojeté nové sıfır ikinciel tweedehands nieuw begagnad "
    "ny käytetty uusi bekas baru cũ mới جديد مستعمل 中古 新車 二手 신차 중고",
}
"""What values of each role's column begin with, or are."""

MAKES = (
    "acura aiways alfa alpina alpine ambassador aro asia aston audi austin baic baw bentley bestune bmw borgward brilliance "
    "bugatti buick byd cadillac changan chery chevrolet chrysler citroen citroën cupra dacia daewoo daf daihatsu datsun "
    "dodge dongfeng ds eagle exeed faw ferrari fiat fisker force ford foton gac gaz geely genesis gmc great gwm haima "
    "haval hillman holden honda hongqi hsv hummer hyundai infiniti innoson isuzu iveco izh jac jaecoo jaguar jeep "
    "jensen jetour jetta kaiyi kia lada lamborghini lancia land ldv leapmotor lexus lifan lincoln livan lotus lucid luxgen "
    "mahindra man maruti maserati maxus maybach mazda mclaren mercedes mercedes-benz mercury mg mini mitsubishi mitsuoka "
    "morgan morris moskvich nio nissan oldsmobile omoda opel ora perodua peugeot plymouth polestar pontiac porsche "
    "proton ram range ravon renault rivian rolls rolls-royce rover saab samsung sang saturn scion seat skoda škoda skywell "
    "smart soueast ssangyong ssang subaru suzuki swm tank tata tesla toyota trabant triumph tvr uaz vauxhall vaz venucia "
    "vinfast volkswagen volvo voyah vw wartburg wuling xpeng zastava zaz zeekr zotye "
    "ваз лада газ уаз заз москвич тойота ниссан хонда мазда форд бмв ауди мерседес мерседес-бенц фольксваген хендэ "
    "хендай киа шкода рено пежо опель шевроле субару мицубиси лексус вольво トヨタ 日産 ホンダ スズキ マツダ ダイハツ スバル 三菱 "
    "レクサス メルセデス・ベンツ アウディ 丰田 本田 大众 奔驰 宝马 奥迪 比亚迪 日产 福特 吉利 長安 现代 起亚 기아 현대 제네시스 쌍용 르노삼성 "
    "쉐보레 טויוטה יונדאי קיה ניסאן הונדה מאזדה מיצובישי סוזוקי סובארו פורד שברולט פולקסווגן אאודי מרצדס סקודה סיאט אופל רנו "
    "פיאט וולוו טסלה לקסוס תויוטה پژو پراید سمند تویوتا هیوندای کیا تويوتا هيونداي نيسان فورد كيا هوندا شيفروليه لكزس مرسيدس"
)
"""The first words of makes."""

MAKES_OF_TWO_WORDS = (
    *("Alfa Romeo", "Aston Martin", "Land Rover", "Range Rover", "Great Wall", "Mercedes Benz", "Mercedes-Benz"),
    *("Rolls Royce", "Ssang Yong", "Maruti Suzuki", "Force Motors", "Morris Garages", "DS Automobiles"),
)

MODEL_BEGINNINGS = (
    "land grand model santa great new the all série serie series serija séria серия clase classe class klasse klasa "
    "wagon range town rolls type le la 더 올 뉴 디 신형 그랜드 베리"
)
"""Words that a model's name begins with, and that are none alone: Land Cruiser, Model 3, 더 뉴 스파크."""
MODEL_ENDINGS = "series serie serisi seria class klasse classe clase reihe серия серии серія серії класс"
"""Words that belong to the model before them: 3 Series, C Class."""

OFFER_WORDS = (
    "for sale|used|pre-owned|second hand|продажа|продам|продаю|продається|продается|продаётся|dijual|"
    "jual|mobil|vendo|vende-se|se vende|venta|à vendre|a vendre|vends|verkaufe|zu verkaufen|te koop|"
    "sprzedam|prodajem|prodám|predám|eladó|satılık|cần bán|bán|xe|ขาย|للبيع|中古車|中古|二手"
)
"""Words before names of cars that say no more than that they are on offer, with a bar between."""

GLUED_MAKES = (
    "丰田 本田 大众 奔驰 宝马 奥迪 比亚迪 日产 福特 吉利 长安 長安 现代 起亚 别克 雪佛兰 路虎 斯柯达 领克 奇瑞 长城 哈弗 荣威 名爵 标致 雪铁龙 马自达 三菱 "
    "铃木 斯巴鲁 英菲尼迪 雷克萨斯 凯迪拉克 林肯 捷豹 沃尔沃 保时捷 特斯拉 蔚来 小鹏 理想 传祺 江淮 五菱 宝骏 东风 一汽 红旗 众泰 海马 雷诺 菲亚特 欧宝 "
    "トヨタ 日産 ホンダ スズキ マツダ ダイハツ スバル レクサス"
)
"""Makes in scripts without blanks, which the model may follow at once."""

LEFT_OUT_WORDS: dict[str, str] = {
    "it is a form of the price": (
        "payment monthly installment instalment emi rata mensualidad mensualité finanzierung financing finance leasing "
        "rate deposit downpayment valuation mmr msrp rrp estimate estimated fair deal dealrating pricerating rating "
        "discount saving savings reduction residual residualvalue 신차대비가격 신차대비 残值率 保值率 pricehistory fipe tasacion bid bids reserve priceperkm pricepermile "
        "taeg tanfisso anzahlung enganche cicilan trả tax-included depreciation"
    ),
    "nobody can answer it who asks for a price": (
        "abtest test create createdate creation creationdate crawled crawl scraped scrapedat scrape parsed parsedat created datecreated datecrawled updated modified lastseen "
        "firstseen timestamp inserted imported fetched views viewed clicks likes favorite favorites favourites wishlist postinfo nrofpictures pictures "
        "numpictures photos photocount images imagecount imgs imgcount phone telephone tel mobile contact email mail street streetname "
        "address adresse dirección direccion endereço адрес sellername dealername dealer dealership dealerid seller_name "
        "vendor shop showroom username user store postal postalcode postcode zipcode zip plz cep lat lon lng latitude "
        "longitude coordinates offertype adtype listingtype source website site portal domain daysonmarket dayslisted "
        "dayson daystosell daystosale daystoturn daysinstock timeonmarket timetosell ageofad adage publicdate publishdate posted postdate postingdate publication publicacion publicação promoted sponsored featured "
        "verified badge badges logo html json"
    ),
    "it names the listing, not the car": (
        "id vin url link uuid guid index ref reference advert stock image img photo picture thumbnail href permalink "
        "lot lotnumber lotno listingid adid adnum adno adnumber listingnumber listingno offernumber advertid carid slug sku unnamed plate licenseplate registrationnumber kennzeichen vinnumber chassis "
        "chassisnumber rowid idx rank rownumber rownum sno slno srno"
    ),
}
"""Words of a column's name by which it is no feature, by the reason."""

OTHER_DISTANCES = (
    "range autonomy autonomie autonomía autonomia reichweite zasięg rango räckvidd rekkevidde rækkevidde bereik "
    "actieradius dojezd menzil запасхода 续航 航続 주행가능 speed topspeed maxspeed vmax velocità velocidad velocidade vitesse "
    "geschwindigkeit höchstgeschwindigkeit prędkość rychlost скорость sebesség hastighet hız co2 emission emisi "
    "emissie utsläpp uitstoot emisja выбросы consumption consumo consommation verbrauch verbruik spalanie spotřeba "
    "расход förbrukning weight peso gewicht poids massa masse waga вес масса vikt vægt interval"
)
"""Names of columns of numbers in or per kilometre, or as large as them, that are no distance driven."""

DISTANCE_WORDS = "distance distanza distancia distância afstand entfernung odległość vzdálenost avstånd расстояние"
SEEKER_WORDS = "from to you away dealer seller postcode zip home me"
"""Words that are in the name of a column together where it is how far a car is from who looks for one."""

FISCAL_WORDS = "fiscal fiscale fiscales fiscaux fiscali tax taxable steuer"
HORSE_WORDS = (
    "power horsepower hp ps puissance potencia potência potenza cv cavalli chevaux caballos cavalos leistung"
)
"""Words that are together in the name of a column of horsepower by which a car is taxed, which is not its engine's."""

MORE_PLACE_WORDS = (
    "address adresse adres adress direccion dirección indirizzo endereço адрес standort fahrzeugstandort ubicacion ubicación "
    "localidad localização localisation ville vindplaats locatie plats sted paikkakunta адреса местоположение "
    "nazione paese país nation municipio comuna barrio village suburb locality neighbourhood neighborhood postcode"
)
"""Besides those of PLACE_WORDS, names of columns of where a car is."""

SELLER_WORDS = "seller sellername vendedor venditore verkäufer anbieter vendeur sprzedawca продавец satıcı myyjä säljare selger sælger"
"""Words of columns of sellers: of their names, or of what kind they are."""

CAR_WORDS = "vehicle car auto model version trim desc description title text comment comments remarks"
"""Words by which a column that is called after a user tells of the car."""

YES_WORDS = "yes y true t 1 x ✓ ✔ ja j oui si sí sim sì да так tak igen da ano evet kyllä ya có ใช่ نعم はい 有 是 예 있음 available included"
NO_WORDS = (
    "no n false f 0 - nein non não nao нет ні nie nem nu ne hayır ei tidak không ไม่ لا いいえ 无 否 아니오 없음"
)

IDIOMS: dict[str, str] = {
    "IN": "kmdriven kmsdriven kilometersdriven sellertype ownertype newprice seatingcapacity noofowners drivenkms owner",
    "GB": "tax mpg enginesize registration previousowners bhp reg",
    "US": "cleantitle msrp mmr citympg highwaympg drivetrain accident trim exteriorcolor interiorcolor titlestatus odometer",
}
"""Names of columns that data of a country share."""

INDIAN_NAMES = "kmdriven kmsdriven kilometersdriven"
"""Names of columns that one of which is enough to know Indian data by."""

PLACE_WORDS = (
    "location region city state country province county place area town district governorate prefecture ort stadt land "
    "region plaats ville pays provincia ciudad estado cidade uf citta miasto wojewodztwo город регион область місто sehir "
    "şehir il kota lokasi المدينة المنطقة 地区 城市 都道府県 지역"
)
"""Names of columns of places."""

COUNTRIES: dict[str, tuple[str, str, str]] = {
    "GB": ("GBP", "mi", "uk gb england scotland wales london manchester birmingham leeds glasgow edinburgh co.uk"),
    "US": (
        "USD",
        "mi",
        "usa us states california texas florida ohio ca tx fl ny nj il pa oh ga nc va mi az wi mo md",
    ),
    "DE": (
        "EUR",
        "km",
        "germany deutschland berlin hamburg münchen köln frankfurt stuttgart de bayern nordrhein-westfalen",
    ),
    "FR": ("EUR", "km", "france paris lyon marseille toulouse bordeaux fr"),
    "ES": ("EUR", "km", "spain españa madrid barcelona valencia sevilla es"),
    "IT": ("EUR", "km", "italy italia roma milano torino napoli it"),
    "PT": ("EUR", "km", "portugal lisboa porto braga pt"),
    "NL": ("EUR", "km", "netherlands nederland amsterdam rotterdam utrecht nl"),
    "BE": ("EUR", "km", "belgium belgique brussels bruxelles antwerpen be"),
    "AT": ("EUR", "km", "austria österreich wien graz linz at"),
    "IE": ("EUR", "km", "ireland dublin cork galway limerick ie"),
    "FI": ("EUR", "km", "finland suomi helsinki tampere fi"),
    "CH": ("CHF", "km", "switzerland schweiz suisse zürich genève basel bern ch"),
    "PL": ("PLN", "km", "poland polska warszawa kraków wrocław poznań gdańsk mazowieckie pl"),
    "CZ": ("CZK", "km", "czech česko praha brno ostrava cz"),
    "HU": ("HUF", "km", "hungary magyarország budapest debrecen hu"),
    "RO": ("EUR", "km", "romania bucuresti bucurești cluj-napoca iasi ro"),
    "BG": ("BGN", "km", "bulgaria софия пловдив варна bg"),
    "SE": ("SEK", "km", "sweden sverige stockholm göteborg malmö se"),
    "NO": ("NOK", "km", "norway norge oslo bergen trondheim no"),
    "DK": ("DKK", "km", "denmark danmark københavn aarhus odense dk"),
    "TR": ("TRY", "km", "turkey türkiye istanbul ankara izmir bursa tr"),
    "RU": ("RUB", "km", "russia россия москва санкт-петербург новосибирск екатеринбург казань ru"),
    "UA": ("USD", "km", "ukraine україна украина київ киев львів одеса харків ua"),
    "KZ": ("KZT", "km", "kazakhstan казахстан алматы астана шымкент караганда kz"),
    "BY": ("USD", "km", "belarus беларусь минск гомель брест by"),
    "GE": ("USD", "km", "georgia_ge tbilisi batumi kutaisi თბილისი ge"),
    "IN": (
        "INR",
        "km",
        "india mumbai delhi bangalore bengaluru hyderabad chennai pune kolkata ahmedabad jaipur kochi in",
    ),
    "PK": ("PKR", "km", "pakistan lahore karachi islamabad rawalpindi faisalabad punjab sindh pk"),
    "BD": ("BDT", "km", "bangladesh dhaka chittagong bd"),
    "LK": ("LKR", "km", "colombo gampaha kandy kurunegala lk"),
    "SA": ("SAR", "km", "saudi riyadh jeddah dammam makkah madinah الرياض جدة الدمام sa"),
    "AE": ("AED", "km", "uae dubai sharjah ajman دبي emirates ae"),
    "KW": ("KWD", "km", "kuwait hawalli kw"),
    "QA": ("QAR", "km", "qatar doha qa"),
    "EG": ("EGP", "km", "egypt cairo giza alexandria القاهرة الجيزة الإسكندرية eg"),
    "MA": ("MAD", "km", "morocco maroc casablanca rabat marrakech tanger ma"),
    "NG": ("NGN", "km", "nigeria lagos abuja ibadan ng"),
    "GH": ("GHS", "km", "ghana accra kumasi tema gh"),
    "KE": ("KES", "km", "kenya nairobi mombasa ke"),
    "ZA": ("ZAR", "km", "gauteng johannesburg pretoria durban kwazulu-natal za"),
    "AU": ("AUD", "km", "australia nsw vic qld tas act sydney melbourne brisbane perth adelaide com.au"),
    "NZ": ("NZD", "km", "zealand auckland wellington christchurch co.nz nz"),
    "CA": (
        "CAD",
        "km",
        "canada on qc bc ab mb ontario québec quebec alberta toronto montréal montreal vancouver calgary ottawa",
    ),
    "BR": ("BRL", "km", "brasil brazil sp rj mg pr rs sc ba campinas paulo curitiba com.br br"),
    "MX": ("MXN", "km", "mexico méxico cdmx guadalajara monterrey jalisco puebla mx"),
    "AR": ("ARS", "km", "argentina rosario mendoza ar"),
    "CL": ("CLP", "km", "chile santiago valparaíso concepción cl"),
    "CO": ("COP", "km", "colombia bogotá bogota medellín medellin cali"),
    "MY": ("MYR", "km", "malaysia selangor johor penang perak lumpur sabah my"),
    "ID": ("IDR", "km", "indonesia jakarta surabaya bandung bekasi tangerang jawa id"),
    "PH": ("PHP", "km", "philippines manila quezon cebu makati ph"),
    "TH": ("THB", "km", "thailand bangkok กรุงเทพ เชียงใหม่ th"),
    "VN": ("VND", "km", "vietnam hanoi hà_nội hồ_chí_minh đà_nẵng vn"),
    "SG": ("SGD", "km", "singapore sg"),
    "JP": ("JPY", "km", "japan tokyo osaka 東京都 大阪府 愛知県 神奈川県 埼玉県 北海道 福岡県 jp"),
    "KR": ("KRW", "km", "korea seoul busan incheon 서울 부산 경기 인천 대구 kr"),
    "CN": ("CNY", "km", "china beijing shanghai guangzhou shenzhen 北京 上海 广州 深圳 杭州 成都 cn"),
    "TW": ("TWD", "km", "taiwan taipei 台北 新北 台中 高雄 tw"),
    "IL": ("ILS", "km", "israel תל_אביב ירושלים חיפה il"),
    "NP": ("NPR", "km", "nepal kathmandu lalitpur bhaktapur pokhara chitwan biratnagar .np"),
    "PE": ("USD", "km", "peru perú lima arequipa .pe"),
    "EC": ("USD", "km", "ecuador quito guayaquil pichincha .ec"),
    "UY": ("USD", "km", "uruguay montevideo .uy"),
    "BO": ("USD", "km", "bolivia cochabamba la_paz .bo"),
    "CR": ("USD", "km", "costa_rica alajuela heredia .cr"),
    "GR": ("EUR", "km", "greece ελλάδα αθήνα θεσσαλονίκη athens thessaloniki .gr"),
    "HR": ("EUR", "km", "croatia hrvatska zagreb rijeka osijek .hr"),
    "SI": ("EUR", "km", "slovenia slovenija ljubljana maribor .si"),
    "SK": ("EUR", "km", "slovakia slovensko bratislava košice .sk"),
    "LT": ("EUR", "km", "lithuania lietuva vilnius kaunas .lt"),
    "LV": ("EUR", "km", "latvia latvija rīga .lv"),
    "EE": ("EUR", "km", "estonia eesti tallinn tartu .ee"),
    "RS": ("EUR", "km", "serbia srbija beograd niš .rs"),
    "BA": ("BAM", "km", "sarajevo mostar tuzla zenica .ba"),
    "MK": ("EUR", "km", "скопје битола скопje skopje .mk"),
    "MD": ("EUR", "km", "moldova chișinău chisinau кишинёв .md"),
    "AZ": ("AZN", "km", "azerbaijan azərbaycan bakı baku sumqayıt .az"),
    "AM": ("USD", "km", "armenia երևան yerevan .am"),
    "UZ": ("USD", "km", "uzbekistan ташкент toshkent tashkent .uz"),
    "JO": ("JOD", "km", "jordan amman irbid zarqa عمان_الأردن .jo"),
    "OM": ("OMR", "km", "oman muscat salalah مسقط .om"),
    "BH": ("BHD", "km", "bahrain manama المنامة .bh"),
    "TN": ("TND", "km", "tunisia tunisie tunis sfax sousse .tn"),
    "DZ": ("DZD", "km", "algeria algérie alger oran constantine .dz"),
    "LY": ("LYD", "km", "libya طرابلس بنغازي tripoli benghazi .ly"),
    "ET": ("ETB", "km", "ethiopia addis_ababa .et"),
    "TZ": ("TZS", "km", "tanzania dar_es_salaam arusha mwanza dodoma .tz"),
    "UG": ("UGX", "km", "uganda kampala entebbe .ug"),
    "RW": ("RWF", "km", "rwanda kigali .rw"),
    "ZM": ("ZMW", "km", "zambia lusaka kitwe ndola .zm"),
    "HK": ("HKD", "km", "kowloon 九龍 新界 .hk"),
}
"""By ISO 3166: the currency that cars are priced in, the distance unit, and what names the country; an ending of
addresses that is a code of places elsewhere has a point."""

LANGUAGE_VALUES: dict[str, str] = {
    "DE": "benzin diesel elektro kleinwagen limousine kombi cabrio manuell automatik schaltgetriebe ja nein privat gebraucht",
    "US": "gas salvage truck offroad mini-van clean rebuilt lien parts",
    "FR": "essence gazole manuelle automatique berline break citadine électrique oui non occasion",
    "ES": "gasolina diésel eléctrico híbrido automático todoterreno familiar berlina sí usado",
    "IT": "benzina metano manuale automatico elettrica ibrida berlina usato",
    "NL": "benzine handgeschakeld automaat elektrisch hybride tweedehands stationwagen",
    "PL": "benzyna manualna automatyczna hybryda używane nowe kompakt miejskie tak nie",
    "CZ": "benzín nafta manuální ojeté kombi hybridní",
    "HU": "dízel automata manuális ferdehátú terepjáró használt",
    "RO": "motorina motorină manuala manuală automata automată rulat",
    "SE": "bensin automat manuell begagnad elbil",
    "TR": "dizel düz otomatik yarı hatchback/5 manuel",
    "RU": "бензин дизель механика автомат передний полный задний седан хэтчбек универсал внедорожник левый правый",
    "BR": "gasolina flex álcool manual automático prata branco preto cinza",
    "JP": "ガソリン ハイブリッド ホワイト ブラック シルバー なし あり 修復歴なし",
    "KR": "가솔린 디젤 휘발유 오토 수동 흰색 검정색 은색",
    "CN": "汽油 柴油 自动 手动 白色 黑色 银色",
    "VN": "xăng dầu điện trắng đen đỏ bạc xám số_tự_động số_sàn",
    "AR": "nafta nafta/gnc híbrido/nafta gnc diésel",
    "NG": "nigerian_used foreign_used brand_new locally_used",
}
"""By country: values that columns of its language have, with _ for blanks."""

LANGUAGES: dict[str, tuple[str, str]] = {
    "hu": ("HU", "márka modell évjárat vételár üzemanyag kivitel szín"),
    "pl": ("PL", "marka przebieg rokprodukcji paliwo rodzajpaliwa skrzyniabiegów nadwozie cena moc"),
    "cs": ("CZ", "značka najeto převodovka palivo rokvyroby výkon"),
    "ro": ("RO", "rulaj combustibil caroserie anfabricatie preț"),
    "tr": ("TR", "yakıt vites fiyat kilometre yıl kasa"),
    "ru": ("RU", "марка модель год цена пробег топливо кузов привод коробка владельцы"),
    "uk": ("UA", "ціна пробіг рік паливо колір"),
    "de": ("DE", "marke kilometerstand preis baujahr erstzulassung kraftstoff getriebe hersteller leistung"),
    "fr": ("FR", "marque modèle année kilométrage carburant prix boite"),
    "it": ("IT", "prezzo anno chilometraggio alimentazione cilindrata cambio"),
    "ja": ("JP", "価格 年式 走行距離 メーカー 車種 排気量"),
    "ko": ("KR", "가격 연식 주행거리 모델 제조사 연료"),
    "zh": ("CN", "价格 品牌 车型 里程 年份 排量"),
    "vi": ("VN", "giá năm hãng nhiênliệu hộpsố"),
    "th": ("TH", "ราคา ยี่ห้อ รุ่น เกียร์ สี"),
    "id": ("ID", "harga tahun merek transmisi bahanbakar warna"),
    "sv": ("SE", "märke pris årsmodell bränsle växellåda miltal"),
    "no": ("NO", "merke pris årsmodell drivstoff girkasse"),
    "da": ("DK", "mærke pris årgang brændstof"),
    "nl": ("NL", "merk prijs bouwjaar brandstof tellerstand"),
}
"""By language: the country it most likely is, and names of columns."""
