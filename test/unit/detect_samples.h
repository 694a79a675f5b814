/*-------------------------------------------------------------------------
 *
 * detect_samples.h
 *		Text in many languages, for test_detect.c.
 *
 * Everyday sentences and rows of tables, written for this test.
 *
 *-------------------------------------------------------------------------
 */
#define WEST	"windows-1252 iso-8859-1 iso-8859-15 macintosh ibm850"
#define CENTRAL	"windows-1250 iso-8859-2 ibm852 x-mac-ce"
#define CYRILLIC	"windows-1251 iso-8859-5 koi8-r ibm866 x-mac-cyrillic"

{"German", WEST, "Die Lieferung für Frau Müller aus Köln wäre schon gestern fällig gewesen; bitte prüfen Sie die Größe und die Straße.\n"},
{"German names", WEST, "Nr;Name;Straße;Ort\n1;Jürgen Schäfer;Grüner Weg 4;Nürnberg\n2;Käthe Groß;Hauptstraße 12;Göttingen\n3;Jörg Böhm;Am Bühl 3;Würzburg\n"},
{"French", WEST, "L'été dernier, nous avons reçu la facture à Besançon, mais le garçon n'était pas là; réglez-la dès que possible, s'il vous plaît.\n"},
{"Spanish", WEST, "El señor Núñez pagó la última factura en español; ¿cuándo llegará el próximo camión a la estación de Córdoba?\n"},
{"Portuguese", WEST, "A informação não chegou até amanhã; o João e a Conceição estão à espera da última remessa em São Paulo.\n"},
{"Italian", WEST, "La città è più bella in estate, perché c'è già il sole; però la quantità non può essere così alta.\n"},
{"Dutch", "windows-1252 iso-8859-1", "De coördinatie van beide ideeën kostte één dag; de financiële reünie is geïnd in België.\n"},
{"Swedish", WEST, "Åsa köpte två lådor äpplen på torget i Västerås, för hon skulle göra mos åt småbarnen i Växjö.\n"},
{"Danish", WEST, "Bjørn spiste røde æbler på øen, før han gik hjem over åen til Ærøskøbing og Århus.\n"},
{"Norwegian", WEST, "Været på Røros er kjølig nå; Kåre kjøper brød, fløte og blåbær før han går over brua i Tromsø.\n"},
{"Finnish", WEST, "Hän tekee työtä päivällä ja yöllä; älä jätä lähetystä väärään paikkaan Jyväskylässä.\n"},
{"Icelandic", "windows-1252 iso-8859-1", "Það er gott veður í Reykjavík í dag; Þórður og Guðrún ætla að fara út á sjó með öðrum.\n"},
{"Polish", CENTRAL, "Zażądał, żeby wysłać płatność już w październiku; łączna kwota jest większa niż myślał pan Wójcik z Łodzi.\n"},
{"Polish names", CENTRAL, "id;nazwisko;miasto\n1;Grażyna Żółkiewska;Gdańsk\n2;Michał Świątek;Łódź\n3;Łukasz Dąbrowski;Poznań\n"},
{"Czech", CENTRAL, "Příští zásilka přijde až v září; prosím, dejte vědět, jestli má být účet zaplacen dříve, než bude zboží v Plzni.\n"},
{"Slovak", CENTRAL, "Ďakujeme za vašu objednávku; tovar príde o päť dní, keď bude účet uhradený v Košiciach, možno aj skôr.\n"},
{"Hungarian", CENTRAL, "A következő szállítmány csütörtökön érkezik Győrbe; kérjük, hogy a számlát időben fizesse ki, különben késik az üzenet.\n"},
{"Croatian", "windows-1250 iso-8859-2", "Sljedeća pošiljka stiže u četvrtak; molimo vas, provjerite račun i količinu, jer će inače biti kašnjenja u Šibeniku i Žminju.\n"},
{"Romanian", "windows-1250 iso-8859-2", "Următoarea livrare soseşte joi în Bucureşti; vă rugăm să plătiţi factura până sâmbătă, altfel se întârzie.\n"},
{"Turkish", "windows-1254 iso-8859-9", "Bir sonraki teslimat perşembe günü İstanbul'a ulaşacak; lütfen faturayı ödeyin, yoksa gönderi gecikir ve müşteri ağlar.\n"},
{"Lithuanian", "windows-1257 iso-8859-13", "Kita siunta atvyks ketvirtadienį į Šiaulius; prašome sumokėti sąskaitą iki šeštadienio, nes vėluos užsakymų įvykdymas.\n"},
{"Latvian", "windows-1257 iso-8859-13", "Nākamā piegāde būs ceturtdien Rīgā; lūdzu, samaksājiet rēķinu līdz sestdienai, citādi sūtījums kavēsies vēl ilgāk.\n"},
{"Estonian", "windows-1257 iso-8859-15", "Järgmine saadetis jõuab kohale neljapäeval; palun makske arve õigel ajal, muidu lükkub kõik edasi.\n"},
{"Greek", "windows-1253 iso-8859-7", "Η επόμενη παράδοση θα φτάσει την Πέμπτη στην Αθήνα· παρακαλούμε πληρώστε τον λογαριασμό πριν από το Σάββατο.\n"},
{"Russian", CYRILLIC, "Следующая поставка придёт в четверг; пожалуйста, оплатите счёт до субботы, иначе заказ из Москвы задержится.\n"},
{"Russian names", CYRILLIC, "№;Имя;Город\n1;Иванов Пётр;Казань\n2;Смирнова Ольга;Пермь\n3;Кузнецов Дмитрий;Омск\n" + 3},
{"Ukrainian", "windows-1251 koi8-u", "Наступна поставка прибуде у четвер; будь ласка, сплатіть рахунок до суботи, інакше замовлення з Києва їхатиме довше.\n"},
{"Bulgarian", "windows-1251 iso-8859-5", "Следващата доставка пристига в четвъртък; моля, платете сметката до събота, защото иначе ще се забави пратката от София.\n"},
{"Hebrew", "windows-1255 iso-8859-8", "המשלוח הבא יגיע ביום חמישי לחיפה; נא לשלם את החשבון עד שבת, אחרת ההזמנה תתעכב מאוד.\n"},
{"Arabic", "windows-1256 iso-8859-6", "ستصل الشحنة القادمة يوم الخميس الى القاهرة؛ يرجى دفع الفاتورة قبل يوم السبت والا تأخر الطلب.\n"},
{"Thai", "windows-874", "สินค้าชุดต่อไปจะมาถึงวันพฤหัสบดีที่กรุงเทพฯ กรุณาชำระเงินก่อนวันเสาร์\n"},
{"Vietnamese", "windows-1258", "Đây là đơn hàng của ông; xin trả tiền trước.\n"},
{"Japanese", "shift_jis euc-jp", "次の荷物は木曜日に大阪へ届きます。土曜日までに料金をお支払いください。\n"},
{"Japanese names", "shift_jis euc-jp", "番号,名前,住所\n1,山田太郎,東京都千代田区\n2,スズキハナコ,大阪府大阪市\n3,ﾀﾅｶ ｲﾁﾛｳ,北海道札幌市\n"},
{"Chinese", "gb18030", "下一批货物将于星期四到达北京。请在星期六以前付款，否则订单会延迟。\n"},
{"Chinese of Taiwan", "big5", "下一批貨物將於星期四到達台北。請在星期六以前付款，否則訂單會延遲。\n"},
{"Korean", "euc-kr", "다음 화물은 목요일에 부산에 도착합니다. 토요일까지 대금을 지불해 주십시오.\n"},
