"""Frequent words of languages in Latin script, by ISO 639-1 code: evidence for the language of a text.

A list holds the words that hold sentences together, and greetings, questions and verbs of everyday requests. Words that
are also English names or words are in several lists, and so count little in each.
"""

from __future__ import annotations

from typing import Final

FREQUENT_WORDS: Final[dict[str, str]] = {
    "en": """
a able about above across after again against ago all almost alone along already also although always am among an and
another any anyone anything are around as ask at away back be became because become been before began behind being
below best better between big book both boy bring but buy by call called came can cannot car change children city close
come comes could country day days did didn different do does doesn doing don done door down during each early eat
either else end enough even evening ever every everyone everything eyes face fact family far father feel few find first
five food for found four free friend friends from full gave get gets getting girl give given go goes going gone good got
great group had half hand hands hard has have having he head hear heard hello help her here hers high him himself his
hold home hope hour hours house how however i idea if important in into is isn it its itself job just keep kept kind
knew know known large last late later learn least leave left less let life light like line little live lives ll long
look looked looking lost lot love made make makes making man many may maybe me mean means meet men might mind mine
minutes miss moment money month more morning most mother move mr mrs much music must my myself name near need needs
never new news next night no none nor not nothing now number of off often oh ok okay old on once one only open or order
other others our out over own page paid part party past pay people perhaps place play please point possible power put
question quite ran rather re read ready real really reason red remember rest right road room round run said same saw say
saying says school see seem seemed seen sent set seven several shall she short should show side since sir six sleep
small so some someone something sometimes son soon sorry sound speak stand start started state stay still stop story
street strong such sun sure table take taken takes taking talk tell ten than thank thanks that the their them themselves
then there these they thing things think third this those though thought three through time times to today together
told tomorrow tonight too took toward tried try turn turned two under understand until up upon us use used using ve very
voice wait walk want wanted war warm was wasn watch water way we week well went were what when where whether which while
white who whole whose why wife will wish with within without woman women won word words work world would write wrong
yeah year years yes yesterday yet you young your yours yourself welcome hi sale offer visit download click email
""",
    "de": """
aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bis bin bist bitte da damit dann
danke das dass dein deine dem den denn der des die dir dich dies diese dieser dieses doch dort du durch ein eine einem
einen einer eines er es etwas euch für gegen gehen geht gerne gibt gut gute guten gestern haben hab habe hat hatte hatten
heute hier hin hallo ich ihm ihn ihnen ihr ihre im immer in ins ist ja jahr jahre jede jeder jetzt kann kannst kein keine
kommen kommt können könnte leider liebe machen macht man mehr mein meine meinen mir mich mit morgen muss müssen nach nicht
nichts noch nun nur ob oder ohne schon sehr sein seine seit sich sie sind so soll sollte sondern tag über um und uns
unser unter viel viele vielen vom von vor wann war waren warum was weil weiß wenn wer werden weniger wie wieder wir wird
wo wurde würde zeit zu zum zur zwei zwischen möchte möchten abend wiedersehen uhr wetter deutsch frau herr kinder stadt
""",
    "fr": """
à ai aime alors après au aujourd aussi autre aux avec avez avoir avons beaucoup bien bon bonjour bonne bonsoir c ça car
ce cela ces cet cette ceux chez comme comment d dans de demain depuis des deux dire dit doit donc du elle elles en encore
entre es est et était êtes être eu fait faire faut fois gens hier hui il ils j jamais je jour jours juste l la le les leur
leurs lui m ma mais me même merci mes moi moins mon monde n ne non nos notre nous nouveau on ont ou où oui par parce
pas pendant peu peut plus pour pourquoi pouvez prochain qu quand que quel quelle quelque qui quoi rien s sa salut sans se
sera ses si sommes son sont sous sur suis t ta tard te temps tes toi ton toujours tous tout toute toutes très trop trois
tu un une va vais vers veut veux voici voilà votre vous vont voudrais y année années chose eau enfants français petit
petite plaît revoir soir train matin heure heures gare
""",
    "es": """
a ahora al algo algunos allí año años antes aquí así aunque ayer bien buen buena buenas bueno buenos cada casa casi como
cómo con cosa cosas cual cuál cuando cuándo cuánto de decir del desde después día días dice dijo donde dónde dos durante e
el él ella ellas ellos en entonces entre era eran eres es esa ese eso esta está están estar estas este esto estos estoy
favor fue fueron gente gracias ha haber había hace hacer hacia han hasta hay he hola hombre hoy la las le les lo los luego
más mañana me mejor mi mientras mis mismo momento mucho muchos muy nada ni ningún no noche nos nosotros nunca o otra otro
otros para parte pero poco podemos por porque primera primero pueda puede pueden puedo pues que qué quiere quiero quién se
sea según ser si sí siempre sin sobre solo sólo somos son soy su sus también tan tanto te tener tengo tiene tienen tiempo
toda todas todo todos trabajo tres tu tú tus un una unos usted ustedes va vamos ver vez vida y ya yo niños calle ciudad
tarde perdón adiós señor señora hermano amigo amigos comer agua
""",
    "it": """
a abbiamo adesso ai al alla alle allora altre altri altro anche ancora anni anno avere aveva bene buon buona buonasera
buongiorno c casa che chi ci ciao ciò come con cosa cosi così cui da dal dalla dalle degli dei del della delle dello dentro
di dopo dove due e è ecco era erano essere fa fare fatto fino fra giorni giorno gli grazie ha hai hanno ho i ieri il in io
l la le lei li lo loro lui ma mai mattina me meglio mentre mi mia mie mio molti molto ne nel nella nelle nessuno niente no
noi non nostro o oggi ogni ora parte per perché perciò però piace piccolo più poco poi posso prego prima può qua qualche
qualcosa quale quando quanto quello quella quelli questa queste questi questo qui sarà scusi se sei sempre senza si sì
siamo siete solo sono sta stato stata stazione sta su sua sue sul sulla suo tempo ti tra tre troppo tu tutta tutte tutti
tutto un una uno va vado vai verso vi via vita voi volta vorrei domani sera notte signore signora acqua amico bambini
mangiare lavoro città strada
""",
    "pt": """
à a acho agora ainda além algo alguém alguma ano anos antes ao aos apenas aqui as assim até bem boa bom brasil cada casa
coisa coisas com como da das de dela dele deles depois desde dia dias disse disso dizer do dois dos duas e é ela elas ele
eles em então entre era eram essa esse esta está estão estar estava este estou eu falar favor faz fazer fez foi foram
gente grande há hoje homem horas isso isto já lá lhe mais manhã mas me melhor menos mesmo meu meus minha muita muito
muitos mulher mundo na não nas nem nenhum no noite nos nós nossa nosso nunca o obrigada obrigado olá onde ontem os ou
outra outro para parte pela pelas pelo pelos pessoas pode podem porque por porquê pouco pra primeira primeiro quais qual
quando quanto que quem quer quero se seja sem sempre sendo ser será seu seus sim só sobre sou sua suas são também tão tarde
te tem têm tempo tenho ter tinha toda todas todo todos três trabalho tu tudo um uma vai vamos você vocês vez vida voltar
vou amanhã crianças cidade rua senhor senhora comer água gostaria desculpe
""",
    "nl": """
aan al alle allemaal alles als altijd andere ben bent bij blijven brengen daar dag dan dank dat de deze die dit doen door
dus een eens en er ergens even gaan gaat gedaan geen geeft geweest goed goede goeden goedemorgen graag had haar hallo heb
hebben hebt heeft heel hem het hier hij hoe hun iemand iets ik in is ja jaar je jij jou jouw jullie kan kom komen komt
kunnen kunt laat later leuk maar maken man meer men met mij mijn misschien moet moeten mogen morgen na naar niet niets nog
nooit nu of om omdat ons onze ook op over samen straks te tegen terug toch toen tot tussen u uit uur uw van vandaag vaak
veel voor vraag waar waarom wanneer want waren was wat we weer weet welke werd werk wel wie wij wil willen worden wordt
zal ze zeer zei zeggen zich zie zien zij zijn zo zou zullen zonder gisteren avond spreek alsjeblieft bedankt tijd kinderen
stad straat huis lekker mooi weten
""",
    "pl": """
a aby ale ani bardzo bez bo by był była było były być będzie będę chcę chce ci ciebie co coś czas czego czy czym cześć
dla dlaczego dlatego do dobry dobrze dobranoc dzień dziękuję dziś dzisiaj gdy gdzie go i ich ile im innych ja jak jaki
jako jego jej jest jestem jesteś jeszcze już kiedy kto która które którego których który lat ma mam mamy masz mi między
mnie może możesz można mój moja moje mówi mówić musi my na nad nam nas nasz nawet nic nie nich nigdy nim niż o od ona one
oni ono oraz on pan pani pod ponieważ potem proszę przed przez przy raz rok roku razem są się sobie swoje swój tak takie
także tam te tego tej ten teraz też to tu tutaj tylko tym ty u w wczoraj we wiem więc więcej wiele wszystko wszyscy z za
zawsze ze że żeby jutro rano wieczorem przepraszam pogoda miasto dom dzieci człowiek ludzie życie praca kawa woda pociąg
""",
    "sv": """
alla allt alltid andra att av bara barn blev bli blir bra dag dagen de dem den denna deras dess det detta dig din dina där
då då efter eller en er ett fick finns flera från får få för förstår först genom god gör göra går gå ha hade han hans har
hej hem henne hennes här hon honom hur i idag igen igår in ingen inget innan inte jag ja just kan kanske kom komma kommer
kunde kan lite man med mellan men mer mig min mina mitt mot mycket människor måste nej ni nog nu när något några någon och
också om oss på sade samma se sedan ser sig sin sina sitt själv ska skulle som stor så sådan tack talar till tid tycker
under upp ut utan vad var varför vara varit vi vid vill vilja vilken vilka år åt än är över morgon imorgon kväll snälla
ursäkta vatten väder stad hus klockan dricka äta trevlig
""",
    "da": """
af aldrig alle alt altid anden andre at bare blev blive bliver bør børn da dag dagen de dem den denne der deres det dette
dig din disse du efter eller en end er et for fordi fra få får før først gik gør gøre gå går god goddag godt ham han hans
har hav havde have hej hende hendes her hos hun hvad hvem hver hvilken hvis hvor hvordan hvorfor hvornår i igen ikke ind
ingen ja jeg jer jo kan kom komme kommer kun kunne lige lidt man mange med meget mellem men mener mere mig min mit mod
mod må måske nej ned nogen noget nogle nok nu ny når og også om op os over på rigtig sagde samme se sig selv siden sidste
sin skal skulle som stor så sådan tak tid til tilbage to ud uden under var ved vel vil vi ville være været år morgen
aften undskyld snakker taler dejlig tager vejret hedder spise vand by hus klokken mennesker i går i morgen
""",
    "nb": """
alle alltid andre at av bare barn ble bli blir bra da dag de dem den denne der deres det dette deg din disse du dere eller
en enn er et etter for fordi fra få får før først god godt gikk gjør gjøre gå går ha hadde ham han hans har hei henne
hennes her hun hva hvem hver hvilken hvis hvor hvordan hvorfor i igjen ikke inn ingen ja jeg jo kan kanskje kom komme
kommer kunne lenge litt man mange med meg mellom men mer min mitt mot mye må nei ned noe noen nok nå ny når og også om opp
oss over på sa samme se seg selv siden sier sin sine skal skulle snakker som stor så sånn takk tid til tilbake to under
unnskyld ut uten var ved vel vi vil ville vær være været vært år morgen kveld dessverre hyggelig været heter spise vann
by hus klokka klokken mennesker gjerne i går i morgen hjem
""",
    "fi": """
aika ainoa aina antaa asia ei eikä ehkä en ennen ensin eli että et hän hänen hänet he hei heidän huomenna huomenta hyvin
hyvä hyvää ihan ihmiset itse ja jo joka jos jossa jotka juuri kaikki kaksi kanssa kautta kello kiitos koko koska kuin kuinka
kuka kuitenkin kun luona me meidän mennä mihin mikä miksi milloin minun minulla minä missä mitä miten mukaan mukava muuta
mutta mutta myös ne niin nämä no noin nyt näin olen olet oli olisi olivat olla olleet ollut on ovat paljon pitää puhua puhun
päivä päivää saa samaan se sekä sen siellä siinä sinun sinä sitten sitä suuri suomi suomea tai te teidän todella tulee
tulla tuo tämä tänään tässä täällä täytyy vaan vai vain vaikka vielä voi voin voit vuonna vuosi vuotta yksi yli yö ystävä
eilen ilta anteeksi näkemiin rautatieasema kaupunki talo vettä lapset kahvia haluan sää ulkona
""",
    "cs": """
a aby ale ani asi aspoň bez bude budeme budou by byl byla bylo byli být co což čas dál děkuji děkuju den dnes do dobrý
dobré dobře dva ho hodně i ještě já jak jako jaká jaké je jeho její jejich jen jenom jestli jsem jsi jsme jsou jste k kam
kde kdo když která které který kteří ku li má mám máme máte měl mě mezi mi mít mně moc může můžete můj my na nad nás ne
nebo něco nějaký není než nic nikdy o od on ona oni pak po pod podle potom pouze prosím proč proto protože před přes při
rok roku s se si sám své svůj ta tak také taky tam tato te tedy ten tento teď to toho tom tomu tu ty u už v vám vás váš
ve velmi více však vše všechno všichni vy z za zde ze že zítra ráno včera večer ahoj nashledanou dítě děti město dům
počasí voda vlak mluvíte česky rád ráda chci chceme
""",
    "sk": """
a aby ale ani ako aj asi bez bol bola bolo boli bude budem budú by byť čas čo či ďakujem deň dnes do dobre dobrý dobré
ešte ho i ich iba ja je jeho jej jeden kde keď kto ktorá ktoré ktorý k ku len lebo ľudia má mám máme máte medzi mi mňa môj
môže môžem my na nad nám nás ne než nič nie niečo nikdy o od on ona oni po pod podľa potom pre preto prečo pred pri prosím
roku s sa sám seba si sme so som ste sú svoje ta tá tak tam ten tento teraz tiež to toho tom tu ty už v vám vás veľa veľmi
viac vo všetko vy z za zo že zajtra ráno včera večer ahoj dovidenia deti mesto počasie vlak hovoríte slovensky rád chcem
""",
    "hu": """
a az és de hogy nem is egy ez azt ezt csak meg már még ha van vagy mint kell volt lesz itt ott most nagyon jó jól mert
minden mi mit ki ő ők én te mi ti engem neki nekem nekünk nincs után előtt között alatt fel le el be ide oda akkor amikor
ahol ami aki amely így úgy sem se sok több kis nagy új első két három ma holnap tegnap reggel este éjjel nap napot év idő
köszönöm kérem szia sziasztok viszontlátásra bocsánat hol hogyan miért mikor mennyi melyik vagyok vagyunk vannak voltam
szeretnék szeretem tudom tudja lehet olyan ilyen ember emberek gyerekek ház város vonat magyar magyarul beszél beszélek
víz kávé időjárás pedig pénz ember hova akarok megy megyek szép lenne ezek azok
""",
    "ro": """
a acum acest această acesta aceste acolo ai aici al ale am ar are asta astăzi așa atunci au aveți avea am azi bine bună ca
că câte când care cât ce cei cel cele ceva chiar cine copii cu cum cumva da dacă dar de decât deci deja departe despre din
dintre după ea ei ele el era este eu eşti ești fac face făcut fără fi fie fiecare foarte fost i iar îi îl în încă între
într-un într la le lor lui mai mâine mă mare mea meu mi mie mult multe mulți mulțumesc ne nici niște noi nostru nu o ori
oameni oricare pe pentru peste poate pot prea prin pus să sa sale sau se seara sunt suntem și sub te timp toate toți tot
totul tu un una unde unei unui unor va vă vei vom voi vor vorbiți vreau ziua zi noapte ieri dimineața bucuros scuze gară
tren oraș casă apă cafea vreme frumos frumoasă română românește rog revedere
""",
    "tr": """
acaba ama ancak artık aslında bana bazı belki ben beni benim bile bir biraz biri birçok biz bizim böyle bu bugün buna bunu
bunun burada çok çünkü da daha de defa değil diye dün en evet fakat gibi gün günaydın güzel hava hayır hem hemen hep hepsi
her hiç için ile ise iyi kadar kim kişi ki lütfen mı mi mu mü nasıl nasılsın nasılsınız ne neden nerede nereye niye o olan
olarak oldu olduğu olduğunu olmak olsun olur ona onlar onu onun orada oysa önce pek rağmen sadece saat sana sen senin siz
sizin son sonra şey şimdi şu tarafından tek teşekkür teşekkürler türkçe ve veya var ya yani yarın yer yok zaman geldi gel
git istiyorum akşam sabah gece merhaba selam ederim ediyorum biliyorum kitap ev şehir su kahve çocuklar tren istasyon
""",
    "vi": """
ai anh bạn bao bây bị các cái cảm cần chào chỉ cho chúng chưa có con còn cô của cũng cùng đã đang đây đến để đi đó đó đâu
được em gì giờ hay hôm hơn không khi là lại làm lên lúc mà mẹ mình mỗi một muốn mới nam này nào năm nên ngày người nhà như
nhưng những nhiều nó nói nước ở ơn ông phải qua ra rất rồi sao sau sẽ sống tại thì thời tiết tiếng tôi tốt trên trong trước
từ và vào về vì việc việt với vui xin yêu ăn đẹp thế học hà nội mai sáng tối
""",
    "id": """
ada adalah agar akan aku anda anak apa apakah atau bagaimana bahwa baik banyak baru belum berapa bersama besar bisa boleh
buku bukan cuaca dalam dan dapat dari dengan di dia dua guna hanya hari harus hujan indah ingin ini itu jadi jam jangan
jika juga kabar kalau kali kami kamu karena kata ke kembali kemarin kepada kereta kita kota lagi lain lama lebih maaf makan
malam mana masih mau melihat mereka minum mobil mungkin orang pada pagi pergi pernah rumah saat saja sama sampai sangat
saya sebagai sedang sekarang selamat semua sebuah seperti siapa silakan sini stasiun suka sudah tahu tahun tapi telah
tempat terima kasih tentang tetapi tidak tinggal untuk yang besok bahasa indonesia air kopi
""",
    "hr": """
a ali ako bez bi bih bila bili bilo bio biti će ću da dan danas dobar dobro do gdje ga god hoće hvala i ih ili im ima imam
iz ja je jedan jedna jer još jesam jeste ju ju kad kada kako kao koja koje koji koliko kroz li mi mnogo mogu može moj na
nad nakon nam nas ne nego neka nema ni nije nisam nisu ništa nje no o od on ona oni ovaj ovo po pod prije pri sa sam samo
se si smo sve svi su sutra šta što ta tada tako tamo te ti to toga u ući uz vam vas već više vi vrijeme za zašto zbog sad
sada jučer jutro večer noć molim oprostite bog zdravo djeca grad kuća voda kava vlak ljudi govorite hrvatski lijepo želim
""",
    "sl": """
a ali ampak bi bil bila bilo bom bomo bodo brez če danes dan dober dobro do gre ga hvala iz in ima imam jaz je jih jo kaj kako
kako kam kar ker kdaj kdo ki kje ko kot lahko le mi mu na naj ne ni nič niso o ob od on ona oni pa po pod pred pri prosim
sam samo se sem si smo so ste še ta tako tam te tem ti to tudi tukaj tu v vam vas več ves vse vsi vi za zakaj že zelo z
zdaj jutri včeraj jutro večer živjo otroci mesto hiša voda vlak ljudje govorite slovensko lepo želim kava
""",
    "et": """
aga aeg ainult ega ei et hea head hommikul homme hommikust ja ju juba ka kas kes kui kuidas kus kõik küll ma mees meie mida
mille mina minu mis miks millal mitte mu mul mulle nad need nii ning nüüd oled oleme olen oli on onu pärast palju palun
peab see seda selle siin siis sina sinu ta tema tere tänan täna te teie väga või vaid veel ära üks üle eile õhtu aitäh
nägemist linn maja vesi kohv lapsed inimesed räägite eesti keelt ilm ilus tahan rong jaam
""",
    "lv": """
ar arī bet bez bija būs es esmu esi ir ja jau jo jūs kā kad kas kāds kur lai labi labdien labrīt labvakar liels līdz man
mani mēs mana nav ne no nu pa par paldies pie pēc priekš rīt šeit šī šis šodien tā tad tagad tas te tev tikai to tu tur un
uz vai vairāk var vēl viņa viņi viņš viss visi vakar lūdzu atvainojiet pilsēta māja ūdens kafija bērni cilvēki vilciens
runājat latviski laiks skaists gribu ļoti kāpēc
""",
    "lt": """
ačiū ar apie aš bet bus buvo būti dabar daug dar diena dienos ir iš į jau jei ji jis jų jie jos jūs kad kai kaip kas kiek
kodėl kur kuris labai labas laba labą rytas man mano mes mūsų ne nėra nes nuo o pas per prie po prašau rytoj šiandien
savo su tada tai taip tas tau tik tikrai tu už vakar viskas yra vakaras atsiprašau miestas namas vanduo kava vaikai žmonės
traukinys kalbate lietuviškai gražus noriu stotis oras
""",
    "ca": """
a això aquest aquesta al als amb any anys ara avui bé bon bona bones bonic casa com cosa de del dels demà després dia dos
doncs el ella ells els en encara era és esta està estic estan et fa fer ha han he hem hi ho home i jo la les li lo los més
mentre meu meva mai mateix molt molta moltes molts nit no nosaltres o on parla per perquè però poc pot puc que què qui res
sempre sense ser seu seva si sí sobre som són sou també tan tarda tarde tens tinc tot tota tots tothom tu un una va vaig
vol vull ja gràcies hola adéu plau nens ciutat aigua cafè estació tren bonica menjar temps gairebé
""",
    "is": """
að af allt bara barn daginn dag en ekki er eru ég góðan góða hann hafa hef hefur hér hún hvað hvar hvernig hvers vegna
í já mér mig mikið mjög má með minn nei nú og ofan sem sé svo takk til um upp var við verið vera það þá þar þau þeir þetta
þig þú þér þess þessi því á eða ef eftir frá fyrir gott halló bless afsakið íslensku talar veðrið vatn hús bær kvöld morgun
""",
    "af": """
aan ander as asseblief baie by daar dag dankie dat die dit doen ek en ’n gaan gee goed goeie hallo hê het hier hoe hom hulle
haar in is ja jou jy julle kan kom kon maak maar man meer met moet môre my na nee net nie niks nog nou of om ons ook oor op
praat sal se sê sien sy so te tyd toe uit van vandag veel vir waar wanneer want was wat weet wees wil sou kinders stad huis
""",
    "tl": """
ako ang ano at ay ba bakit bukas din dito ikaw ito kailan kami kamusta kanya kasi kay kayo ko kumain kumusta lang lahat mga
mo maganda magandang mahal mas may mayroon namin nang natin ng ngayon ngunit ni nila niya o oo opo para pero po rin sa saan
salamat sila sino siya tao tayo tubig umaga upang wala hapon gabi araw bahay gusto kahapon
""",
    "sw": """
asante baada bado bila chakula cha ni na ya wa kwa katika hii hiyo hapa hapana habari huyu ili je jambo jana kama kesho kila
kitu kuwa kubwa la lakini leo maji mimi mtu moja nini nyumba nzuri pia rafiki sana sasa siku sisi tafadhali tu una wao watu
watoto wewe wako wangu yake yangu yeye za zaidi ndiyo unazungumza kiswahili mji asubuhi
""",
}
