"""Frequent words of languages that share a script, by script and ISO 639-1 code.

They are evidence for a language themselves, and their groups of three letters are what its other words look like.
The English list also holds loan words and foreign names that are common in English text, which prove nothing.
"""

# ruff: noqa: RUF001 - letters of many scripts

from __future__ import annotations

from typing import Final

FREQUENT_WORDS: Final[dict[str, dict[str, str]]] = {
    "latin": {
        "en": """
a able about above absolutely accept according account across act action actually ad add address afraid after again
against ago agree air airport al all allow almost alone along already also although alto always am amigo amigos among
amount an and angst animal anna another answer any anyone anything app appear apply appétit april are area arm army
around arrive art article as asap ask asked at attack attention au august aunt autumn available average away baby back
bag baguette ball bank bar base bathroom be beach bear beautiful became because become bed been beer before began
behind being believe below best better between big bill bird birthday black blanc blood blue board boat body bon book
both bottom boulevard box boy brb bread break breakfast bridge bright bring broccoli broke brother brought brown brut
brûlée btw build building burn bus business busy but button buy by c cafe café cafés call called calm came camera camp
can cancel cancelled cannot capital cappuccino car card care carefully carlos carpe carry carte casa case cat catch
cause center century certain chair chance change character charge cheap check chicken chief child children chocolate
choose christmas church city claim class clean clear cliché click clock close closed clothes cloud coast code coffee
cold college color come comes command common community company compare complete computer concert connection contact
continue control cook cool copy corner correct cost could country course court cover create croissant croissants cross
cry crème culture cup current customer cut da dad daily damage dance danger dark date daughter day days de dead deal
dear death december decide decision deep del delayed delicious deliver der des design desk detail develop device di
did didn die diem difference different difficult dinner direction director discover discuss dish diva do doctor does
doesn dog doing dollar don done donna door doppelgänger double doubt down download dream dress drink drive driver drop
drove dry du due during dust duty déjà each ear early earth east easy eat economy edge education effect effort egg
eight either el election else email employee empty en end energy engine engineer english enjoy enough enter entire
error especially espresso est et eu even evening event ever every everyone everything ex exactly example excellent
except excuse expect expensive experience explain express extra eye eyes face fact fado fail fair fall family famous
far fast father faux favor favorite façade fear february feel feeling feet few fiancé fiancée field fiesta fight
figure file fill film final finally find fine finger finish fire first fish five fix fjord flat flight flights floor
flower fly follow following food foot for force foreign forest forget form forward found four france free fresh friday
friend friends from front fruit fuel full function future fyi game garden gas gate gave general gentleman german
gesundheit get gets getting girl give given glad glass go goal goes going gold gone good goodbye got government
graffiti grandfather grandmother grass gray great green ground group grow growth guerrilla guess guest guide gun guy
had hair half hand hands hans happen happy hard has hasta hate have having he head health hear heard heart heat heavy
hell hello help her here hers hi high hill him himself his history hit hoc hold holiday home honor hope horse hospital
hot hotel hour hours house how however html http huge human hundred hungry hurry hurt husband i ice id idea if image
imagine important improve in inch include incorrect increase indeed industry information inside install installed
instead interest interesting internet into invalid invite iron is island isn issue it item its itself jalapeño january
je jean jesus job johann join joke jose josé journey json juan judge july june just karaoke keep kept key kid kill kim
kind kindergarten king kiss kitchen knew knife know known la lady lait lake land language large las last late later
latte laugh law lawyer le lead leader learn least leave lee left leg less lesson let letter level library libris lie
life lift light like limit line list listen little live lives ll local located lock lol london long look looked
looking lord los lose lost lot love loved low luc luck lunch machine made maestro magazine mail main major make makes
making mama man manager many map march marco maria mario mark market marriage married mars masse master match material
matter may maybe me meal mean means measure meat medical meet meeting member memory men menu menus message metal
method mi mia middle might mile miles milk million mind mine minute minutes mirror miss mistake model modern mom
moment moments monday money month moon more morning most mother mountain mouse mouth move movie mr mrs much museum
music must my myself naive name nation national natural nature naïve ne near nearly neck need needed needs network
never new news next nice night nine niño no noir noise none nor nordic north nose not note nothing notice novel
november now number object october of off offer office officer official often oh oil ok okay old ombudsman omg omw on
once one ones online only open opened opera opinion option or orange order origami original other others our out
outside over own owner page paid pain paint pair papa paparazzi paper parents paris park part particular party pas
pass passenger password past pasta patio pay pc peace people per percent perfect perfectly perhaps period permission
person peter phone photo piano picture piece pink pizza piñata place plan plane planet plant plate play player plaza
pleasant please pleased pleasure pocket poem point police policy political poor popular position possible post potato
pound power prefer prepare present president press pretty prevent price prima print prison private prize pro probably
problem process produce product professor program project promise protect proud prove provide public pull pure purpose
push put quality quarter queen question quick quickly quiet quite quo quoi radio rain raise raison ran range rate
rather re reach read reader ready real really reason receive recent record red reduce region regular relationship
release remain remember remove repeat reply report republic request require research rest restaurant result return
review rich ride right rise river road rock role roof room rouge round route rue rule run résumé sad safe safety said
saint sais sale salsa salt samba same sample san sand santa saturday sauna save saw say saying says scene
schadenfreude schedule school science scientist score screen se sea search season seat second secret secretary section
security see seem seemed seen sell send sense sent september serious serve service set setting seven several señor
señora señorita shake shall shape share sharp she shift shine ship shirt shock shoe shoot shop shore short shot should
shoulder shout show shut sick side siesta sign signal silence silver similar simple simply since sing single sir
sister sit site situation six size ski skill skin sky sleep slow slowly small smart smile smiled smoke smorgasbord
smörgåsbord snow so social society sofia soft software soldier solo some someone something sometimes son song soon
sorry sort soufflé soul sound south space speak special speech speed spend spirit spoke sport spot spring sql square
staff stage stairs stand standard star start started state station status stay step stick still stone stood stop store
storm story strange stranger stream street strong student study stuff style su subject success such suddenly sugar
suggest summer sun sunday supply support suppose sure surface surprise sushi sweet swim switch system table taco tacos
take taken takes taking talk talked tall tango target task taste tax tea teach teacher team tear technology telephone
television tell tells temperature ten terrible test text than thank thanks that the theater their them themselves then
theory there therefore these they thick thin thing things think thinking third this those though thought thousand
three through throw thursday ticket tie time times tired title to today together told tom tomato tomorrow tone tonight
too took top total touch tour toward tower town track trade traffic train training travel treat treatment tree tried
trip trouble truck true trust truth try tsunami tu tuesday turn turned tv two type uber uk uncle under understand
union unit united university unless until up update upon url us usa usb use used useful user using usual usually
valley value van various ve vegetable venus version very victory video vie view villa village virtuoso vis visit
visitor vista vitro voice von voyage vu wait waiter walk walked wall want wanted war warm was wash wasn waste watch
water way we weak wear weather wednesday week weekend weight welcome well went were west wet what wheel when where
whether which while white who whole whose why wide wife wifi wild will wind window wine wing winner winter wish with
within without woman women won wonder wonderful wood word words work worker world worry worse worst worth would write
wrong wunderbar www yeah year years yellow yes yesterday yet you young your yours yourself zeitgeist zero zucchini à
être über
""",
        "de": """
abend aber adresse alle allem allen aller alles als also am an andere anderen angebot angst antwort arbeit arbeitet
art arzt auch auf auge aus auto bahn bahnhof bald baum bedeutet beginnen bei beim beispiel bekannt bekommen besonders
besser bestellung bett bezahlen bild bin bis bist bitte bleiben bleibt brauche brauchen braucht brief bringen brot
bruder buch büro da damit dank danke dann das dass datei dein deine dem den denke denn der des deutsch deutsche
deutschland dich die dienstag dies diese dieser dieses dir doch donnerstag dorf dort drei du durch dürfen ein eine
einem einen einer eines einfach eltern ende endlich er erfolg ergebnis erklären erste ersten es essen etwas euch
fahren falsch familie fehler feier fenster ferien fest feuer finden flughafen frage fragen frankreich frau freitag
freue freund freunde freundlich früh frühling fährt fünf für garten geburtstag gebäude gefahr gefährlich gegeben gegen
gehen geht gehört geld gemacht gemeinde genau genug gerne gesagt geschichte geschäft gesehen gesellschaft gesetz
gespräch gestern gesundheit gewesen gewinnen gibt glaube gleich glück grenze groß große großen gruß grüße gut gute
guten hab habe haben hallo halten hat hatte hatten haus heiß heißen heißt helfen herr heute hier hilfe himmel hin hoch
hoffe hund hunger höhe ich ihm ihn ihnen ihr ihre im immer in ins ist ja jahr jahre jede jeder jemand jetzt jeweils
jung junge kaffee kalt kann kannst karte katze kaufen kein keine kennen kind kinder kirche klar klein kleine kommen
kommt kopf kosten kostet krank krankenhaus krieg kunde kunden kurz könig können könnte küche lachen land lang lange
langsam lassen laufen leben legen lehrer leicht leider lernen lesen letzte letzten leute licht liebe liebt liegen
liegt links luft lösung machen macht mal man manchmal mann markt meer mehr mein meine meinen meinung meisten mensch
menschen mich milch mir mit mittag mitte mittwoch monat montag morgen musik muss mutter mädchen möchte möchten müde
müssen nach nachricht nacht name natürlich neben nehmen nein neu neue neuen neun nicht nichts noch nord norden nun nur
nächste nächsten nähe ob oben oder ohne ohr oma opa ort osten papier passiert passwort pferd platz polizei preis
problem prozent prüfen punkt rathaus rechnung recht rechts reden regen regierung reise reisen restaurant richtig rot
rufen ruhe sache sagen sagt samstag satz schicken schiff schlafen schlecht schlüssel schnee schnell schon schreiben
schule schwarz schwer schwester schön schöne schönen schüler sehen sehr sein seine seit seite sekunden selbst senden
sich sicher sie sind singen sitzen sitzung so sohn soll sollte sommer sondern sonne sonntag sparen spiel spielen
sprache sprechen spricht spät später staat stadt stark stehen steht stelle strasse straße student stunde stunden stück
suche suchen süden tag tage tee teil telefon termin teuer tisch tochter tod tot tragen treffen trinken tür ufer uhr um
umwelt und uns unser unter unternehmen unterricht urlaub vater verboten vergessen verkauf verkehr verloren verschieden
verstehe verstehen versuchen viel viele vielen vielleicht viertel vogel volk voll vom von vor vorher wagen wald wand
wann war waren warten warum was wasser weg weil weit weiter weiß welche welcher welt wenig weniger wenn wer werden
wetter wichtig wie wieder wiedersehen wind winter wir wird wirklich wirtschaft wissen wo woche wochen wohnen wohnt
wohnung wolle wollen wort wurde wählen würde zahl zehn zeigen zeit zeitung ziel zimmer zu zucker zug zukunft zum zur
zurück zusammen zwei zwischen öffentlich öffnen über
""",
        "fr": """
accord acheter adresse affaire ai aider ailleurs aime aimer air aller alors ami amie amis amour ancien anglais animal
anniversaire année années appeler appelle application apporter apprendre après argent arrive arriver arrêt arrêter
assemblée assez attendre attention au aujourd aussi autre aux avant avec avez avion avis avoir avons bain bas bateau
beau beaucoup beaux belle besoin beurre bien bientôt billet blanc blanche bleu boire bois bon bonjour bonne bonsoir
bouche boîte bras bruit bureau bébé c campagne capitale car carte ce cela certain ces cet cette ceux chaise chaleur
chambre champ changer chanson chapeau chaque chat chaud chaude chef chemin cher chercher cheval cheveux chez chien
choisir chose château ciel cinq clair classe client clé coeur coin combien commande comme commencer comment comprendre
compte connais connaître conseil content corps coucher couleur coup courir cours court cuisine côté cœur d dame danger
dans de dehors demain demande demander depuis dernier dernière derrière des dessus deux deuxième devant devenir devoir
dieu difficile différent dimanche dire directeur dit dois doit donc donne donner dormir dos doute droit droite du dur
début décider déjeuner déjà délicieux désolé développement dîner eau elle elles en encore endroit enfant enfants enfin
ensemble ensuite entendre entier entre entreprise entrer envie environ envoyer erreur es escalier espace espagnol
espérer essayer est et eu européen exemple expliquer face facile faim faire fait famille faut faute faux façon femme
fenêtre fermer feu fichier fille film fils fin finir fleur fleuve fois force forme fort forêt français froid fromage
frère février fête garder gare garçon gauche gens gouvernement goût grand grande grands gratuit gros grâce guerre
habite habiter haut heure heures hier histoire hiver homme hommes hui hôpital hôtel idée il ils image immeuble
important inquiet installer intérieur invité j jamais jambe janvier jardin jaune je jeu jeudi jeune jeunes joli jouer
jour journal jours joyeux juillet juin jusque juste l la laisser lait langue large larme le lendemain lequel les
lettre leur leurs lever leçon liberté lieu ligne lire lit livre loi loin long longtemps lourd lui lumière lundi lune m
ma madame mai main maintenant mairie mais maison malade malgré maman manger manière marcher marché mardi mari mariage
mars matin mauvais maître me meilleur merci mes message mesure mettre mieux milieu mille minuit minute moi moins
moment mon monde monsieur montagne montrer mort mot moyen mur musique musée mètre médecin mémoire métier même n
naissance nature ne neige neuf nez noir nom nombre nombreux non nord nos notre nous nouveau nouvelle nuit numéro objet
octobre oeil oeuf oiseau ombre on oncle ont or ordre oreille ou oublier ouest oui ouvert ouvrir où page pain paix papa
papier par parce parents parfois parler parole partie partir pas passer passé payer pays peau peine pendant pense
penser perdre perdu permet personne petit petite peu peut pied pierre pièce place plage plaisir plaît plein pleut
pluie plupart plus plusieurs poisson pomme pont porte porter poser possible poste pour pourquoi pouvez pouvoir premier
première prendre presque printemps prix problème prochain prochaine professeur profond projet promenade propre près
prénom préparer présent président prêt puis père qu qualité quand quartier quatre que quel quelle quelque question qui
quitter quoi raison rapide rappeler recevoir regarder rendez rendre rentrer repas repos reste rester retard retour
retourner revoir reçu rien rire rivière robe roi rouge route rue répondre réponse résultat réunion réussir réveil rêve
s sa saison salle salut samedi sang sans santé sauf savent savez savoir science se seconde secret semaine sens sentir
sept sera servir ses seul seule seulement si situation siècle société soeur soir soirée sol soleil solution sommes son
sont sortie sortir soupe sous souvenir souvent sport stade sucre sud suis suite suivant sujet supermarché sur surtout
sûr sœur t ta table tableau tant tante tard te tellement temps terre tes thé tiens toi tomber ton toujours tous tout
toute toutes train travail travaille travailler traverser trois trop trouve trouver très tu tâche tête tôt un une
université utiliser va vacances vais vendre vendredi vent ventre verre vers vert veste veut veux viande vide vie vieux
village ville vin visage visite vite vitesse vivre voici voilà voir voisin voiture voix vont votre voudrais vous vrai
vraiment vu vélo vérité y à âge ça école écoute écouter écrire église élève émission équipe étage étaient était étant
éteindre étoile étranger étude étudiant été événement êtes être île œil
""",
        "es": """
a abajo abierto abrir abuela abuelo acabar actualidad acuerdo acá además adiós aeropuerto agua ahora ahí aire al
alegría algo alguien alguna algunos algún allí alto amarillo ambos amigo amigos amor andar animal anoche antes
aplicación aprender aquel aquella aquí archivo arriba arte asunto así aunque ayer ayuda ayudar ayuntamiento azul año
años bajo banco barco barrio bastante baño beber bebé bien blanco boca boleto bonito brazo buen buena buenas bueno
buenos buscar caballo cabeza cada café caja caliente calle cama cambiar cambio camino campo canción cantar cara carne
carta casa casi cena centro cerca cerrado cerrar chica chico cielo cien cinco cine ciudad claro clase cliente coche
cocina color comenzar comer comida como comprar comprender con conmigo conocer contigo contraseña correcto correo
correr corto cosa cosas crear creer creo cual cualquier cuando cuarto cuatro cuenta cuerpo cuidado cumpleaños curso
cuál cuándo cuánto cálido cómo dar de debe deben deber decir dejar del delante demás dentro derecha derecho desayuno
descansar desde despacio después dice difícil dijo dinero dirección distinto doctor donde dormir dos duda durante día
días dónde e edad edificio ejemplo el ella ellas ellos empezar empresa en encima encontrar enfermo enseñar entender
entiendo entonces entrada entrar entre enviar equipo era eran eres error es esa escribir escuchar escuela ese eso
español española espera esperar espero esta estación estado estar estas este esto estos estoy estudiante estudiar está
están examen explicar falta familia favor fecha feliz fiesta fin final flor fondo forma foto frente fruta frío fue
fuego fuera fueron fuerte fuerza futuro fácil ganar gato gente gobierno gracias grado gran grande grupo guerra gusta
gustar gustaría guía ha haber habitación habla hablar había hace hacer hacia haga hago hambre han hasta hay he hermana
hermano hija hijo historia hola hombre hora horas hospital hotel hoy huevo idea idioma iglesia igual importa
importante incorrecta incorrecto información inglés invierno ir isla izquierda jamás jardín joven juego jueves jugar
julio junio juntos la lado lago largo las le leche leer lejos lengua lento les ley libre libro limpio listo llama
llamar llamo llave llegar lleno llevar lluvia lo los luego lugar luna lunes luz lápiz línea madre maestro mala malo
mano mar martes mayor mayoría mañana me medio mejor mejorar menor menos mensaje mercado mes mesa mi miedo miembro
mientras mil mirar mis mismo mitad miércoles modo momento montaña morir mostrar mover muchacho mucho muchos muerte
mujer mujeres mundial mundo museo muy más médico música nacer nacional nada nadie nariz naturaleza necesario necesita
necesito negocio negro ni nieve ningún nivel niña niño niños no noche nombre norte nos nosotros nota noticia noticias
nueva nuevas nuevo nuevos nunca número o océano oeste oficina ojo ojos olvidar oración orden oscuro otoño otra otro
otros pagar palabra pan papel para parada parece pared pareja parte pasa pasado pasar pasear paso paz país pedir
peligro pelo película pensar pequeña pequeño perder perdón pero perro persona personas pescado pie piedra pierna piso
playa plaza pobre poco podemos poder policía poner por porque posible precio pregunta preguntar presidente primavera
primer primera primero prisa problema programa pronto propio proyecto próximo pueblo pueda puede pueden puedo puente
puerta puerto pues punto página que quedar queremos querer queso quiere quiero quizá quizás quién qué rato razón
recibir recordar red regalo reina responder respuesta restaurante resultado reunión rey rico rojo ropa rápido río sabe
sabemos saber sacar sala salida salir salud sangre santo se sea seguir segundo seguro según seis semana sentido sentir
ser señor señora si siempre siete siglo siguiente silla simple sin situación sobre sol solo somos son sonido soy su
suerte sueño sur sus sábado sí sólo tal también tampoco tan tanto tarde tarea tarjeta te teatro teléfono tema temprano
tener tengo tercera terminar tiempo tienda tiene tienen tierra tipo tocar toda todas todavía todo todos tomar trabajo
traer tranquilo tren tres triste tu tus tía tío título tú un una universidad unos usar usted ustedes va vaca
vacaciones valor vamos varios vaso vecino veinte vender venir ventana ver verano verdad verde vestido vez viajar viaje
vida viejo viento viernes vino visitar vista vivir vivo volver voz vuelo vuelta y ya yo zapato árbol él época éxito
único útil
""",
        "it": """
a abbiamo abita abitare abito acqua adesso aereo aeroporto ai aiutare aiuto al albergo albero alcune alcuni alla alle
allegro allora alto altre altri altro amare amica amici amico ammettere amo amore anche ancora andare andato andiamo
anima animale anni anno aperto appena aprire arrivare arrivato arte ascoltare aspetta aspettare assai attento
attenzione attimo autunno avanti avere avete aveva avuto azienda azzurro bagno bambina bambini bambino banca basso
bastare bella belle bellissimo bello bene bere bianca bianco biglietto birra bisogna bisogno bocca borsa braccio bravo
breve brutto buio buon buona buonasera buongiorno buoni buono c cadere caffè caldo calma cambiare camera cameriere
camminare campagna cane cantare canzone capelli capire capisco capitale capo cara carne caro carta casa caso cattivo
cavallo cena centro cercare certo che chi chiama chiamare chiamo chiave chiedere chiesa chilometro chiudere chiuso ci
ciao ciascuno cibo cielo cinema cinque città ciò cliente cognome colazione colore colpa come comincia cominciare
compito compleanno comprare computer comune con conoscere conosco contento continuare conto contro coppia corpo
correre corretta corretto corso corto cosa cosi costa così credere credo cucina cui cuore da dal dalla dalle dare
davanti davvero debole decidere degli dei del della delle dello denaro dentista dentro desidero destra detto deve devo
di dialogo dicembre dieci dietro differenza difficile dimenticare dio dire direttore diritto discorso dispiace diverso
divertente dolce domanda domandare domani domenica donna donne dopo dormire dottore dove dovere dritto due duro e ecco
economia edificio entrare entrata era erano errore esame esempio esercizio essere estate estero età europeo fa faccia
faccio facile fame famiglia famoso fare farmacia fatto favore felice ferie fermata festa figlia figlio film finalmente
fine finestra finire fino fiore fiume foglio forma formaggio forse forte fortuna foto fra francese fratello freddo
fretta frutta fuoco fuori futuro gamba gatto gelato genitori gennaio gente giallo giardino giocare gioco giornale
giorni giorno giovane giovedì girare giro giugno giusto giù gli governo grande grandi grazie gruppo guardare guerra
gusto ha hai hanno ho i idea ieri il imparare importante impossibile in incontrare indietro inizio insegnante insieme
interessante inverno inviare io isola italia italiana italiano l la lasciare latte lavora lavorare lavoro le legge
leggere lei lento lettera letto li libero libro lingua lista lo lontano loro luce luglio lui luna lunedì lungo luogo
ma macchina madre maestro magari maggio mai malato male mamma mandare mangiare mangio mano mare marito martedì matita
mattina me medico meglio mela memoria meno mentre mercato mercoledì mese messaggio mettere metà mezzo mi mia mie
migliore milione minuto mio moglie molti molto momento mondo montagna morire morte mostrare museo musica nascere naso
natale natura nazione ne nebbia necessario negozio nel nella nelle nemmeno nero nessuno neve niente nipote no noi nome
non nonna nonno nord nostro notizia notte numero nuova nuove nuovi nuovo o occasione occhi occhio odore oggi ogni
ombrello opera ora ordine orecchio ospedale ovest paese pagare pagina palazzo pane papà parere parla parlare parlo
parola parte partenza partire partito passare passato passo patata paura pausa pazienza peccato pelle pensare penso
per perché perciò perdere pericolo permesso persona persone però pesce peso pezzo piace piacere piano pianta piazza
piccola piccolo piede pieno pietra pioggia piove più poco poi polizia pomeriggio ponte porta portare possiamo
possibile posso posto potere povero pranzo preferire prego premio prendere preparare presidente prestare presto prezzo
prima primavera primo principale problema prodotto professore programma promettere pronto proprio prossima prossimo
provare pubblico pulito punto purtroppo può qua quaderno qualche qualcosa qualcuno quale quando quanto quarto quattro
quella quelli quello questa queste questi questo qui quindi raccontare ragazza ragazzo ragione regalo regina restare
ricco ricevere ricordare ridere riga rimanere riposo riso rispondere risposta ristorante ritardo ritornare riunione
riuscire rosso rumore sabato sacco sala saltare salute sangue sapere sappiamo sarà sbagliato scarpa scegliere scelta
scendere scrivere scuola scusi se sebbene secolo secondo sedia segno segreto sei semplice sempre senso sentire sentito
senza sera serata servizio sete sette settimana si siamo sicuro siete significa signora signore silenzio simpatico
sinistra situazione soldi sole solo soluzione sonno sono sopra sorella sorpresa sorriso sotto spagnolo spazio speciale
sperare spero spesa spesso spiaggia sposare sta stagione stamattina stanco stanza stare stasera stata stato stazione
stella stesso storia strada straniero strano studente studiare studio su sua subito succedere sud sue sul sulla suo
suono svegliare sì tanti tanto tardi tavola tavolo tazza teatro telefono televisione tempo tenere terra terzo testa ti
tipo tirare titolo toccare tornare torta tra tranquillo tre treno troppo trovare tu turista tutta tutte tutti tutto
ufficio uguale ultimo un una uno uomini uomo uovo usare uscire uscita utile va vacanza vado vai valigia vecchio vedere
veloce velocemente vendere venerdì venire vento veramente verde verità vero verso vestito vi via viaggiare viaggio
vicenda vicino vincere vino vita vivere voce voi volere volo volta vorrebbe vorrei vuoi vuole zio zucchero è
""",
        "pt": """
a aberto abrir aceitar acho acordo aeroporto agora ainda ajuda ajudar alegria algo alguma algumas alguém alto além
amanhã amarelo amigo amigos amo amor andar animal aniversário ano anos antes ao aos apenas aplicativo aprender aqui
areia arte as assim atenção atraso até avião azul bairro banco barco beber bebê beleza bem biblioteca bilhete boa bom
bonito branco brasil brasileiro braço cabelo cabeça cachorro cada café cair caixa cama caminho campo cansado cantar
cara carne carro carta casa centro certo chamar chamo chave chega chegar chuva cidade cinco cinema claro clima coisa
coisas com comboio comer começar como compra comprar compreender computador conhecer consegue conseguir conta contar
cor coração corpo correr correto corrida cozinha cozinhar criança crianças cuidado curso cão céu da dança dar das de
decidir deixar dela dele deles demais dentro depois descansar desculpa desculpe desde deve devemos dez dia dias
difícil dinheiro direita direito disse disso dizem dizer do doce doente dois dormir dos duas dúvida e economia
edifício educação ela elas ele eles em embora empresa encomenda encontrar ensinar entender entrada entrar entre então
enviar era eram errado erro escola escrever escuro espera esperar esquerda essa esse esta estamos estar estava estação
este estou estrada estrela estudante estudar está estão eu exemplo experiência falar falha falta família farmácia
favor faz fazer fechar feche feio feira feliz festa fez fica ficar filha filho filme fim flor floresta fogo foi folha
fome fora foram forma forte força foto frente frio fruta futuro fácil ganhar garrafa gato gente gostar gostaria gosto
governo grande grupo guerra história hoje homem horas hospital há ideia igreja igual ilha importante imposto inglês
instalar inverno ir irmã irmão isso isto janeiro janela jantar jardim jogar jogo jornal jovem julho junho juntos já
lado lago lei leite lembrar lento ler levar leve lhe limpo lisboa livre livro lixo loja longe lua lugar luz lá língua
madeira maior maioria mais mal mandar manhã mapa mar mas me medo meia meio melhor menos mensagem mercado mesa meses
mesmo meu meus milhões minha minuto minutos mora morar morrer morte mostrar moço mudar muita muito muitos mulher mundo
mãe médico mês música na nas nascer natal necessário nem nenhum ninguém no noite nome norte nos nossa nosso notícia
nova novas novo novos nunca não nós número o obrigada obrigado oeste olhar olho olá onde ontem opinião ordem os ou
outra outro ovo pagar pai palavra papel para parar parede parlamento parte partir passado passar passo país pedir
pedra peixe pela pelas pelo pelos pensar pequena pequeno perder pergunta perguntar perigo perto pescoço pessoa pessoas
piso pode podem polícia ponte ponto por porque porquê porta possível pouco pra praia praça precisa precisamos preciso
presidente preto preço primavera primeira primeiro principal problema procurar professor projeto próxima próximo
página pão pé quais qual qualidade qualquer quando quanto quarta quarto quase que queijo quem quente quer queria quero
quinta razão receber rei resposta reunião rico rio rosto roupa rua ruim rápido sabe sabemos saber sabia sair sal sala
salvar saúde se seguinte seguir segunda segundo segurança seja sem semana sempre sendo senha senhor senhora sentir ser
será sete setembro seu seus silêncio sim sistema situação sobre sol sonho sorte sou sua suas sul supermercado sábado
são só tal também tarde tarefa te telefone televisão tem tempo tenha tenho ter terra terça tinha tio tipo tirar tocar
toda todas todo todos trabalha trabalhar trabalho trazer trem triste três tu tudo tão têm um uma universidade usar
vaca vai vale valor vamos vender vento ver verdade verde vermelho verão vestido vez viagem viajar vida vidro vila
vinho vinte virar visitar vista viver voar você vocês volta voltar vontade voo vou voz xícara à água árvore é último
única
""",
        "nl": """
aan aandacht aangenomen aantal aarde achter advies afspraak al alle alleen allemaal alles als alsjeblieft altijd
andere antwoord app arbeid auto avond avonds baan bank bed bedankt bedoel bedrijf beeld been beetje begin beginnen
begint begrijp begrijpen bekend belangrijk ben bent beste bestelling betalen beter bezoek bij bijna bijvoorbeeld
binnen blauw blij blijft blijven bloem boek boer boodschap boom boos boot bord bouwen bovenkant brengen brief broer
brood buiten bus buurt cijfer cultuur daar daarna daarom dacht dag dan dank dat de denk denken deur deze dicht
dichtbij die dier dik dingen dinsdag dit dochter doen dokter dom donderdag donker dood door dorp draagt drie drinken
droog druk duidelijk duits dus duur duurt echt echter een eens eerst eerste ei eigen eind einde eindelijk elk elke en
engels enkele er ergens eten even familie feest fiets fijn film fout frans gaan gaat gebeld gebeuren gebeurt gebouw
gebruik gebruiken gebruikt gedaan gedachte geeft geen gefeliciteerd gehad geld geleden geloof geluk gemaakt
gemakkelijk gemeente genoeg gesprek gevaar gevonden geweest geweld gewoon gezellig gezicht gezien gezin gezond
gisteravond gisteren glas goed goede goedemorgen goeden graag grens groen groot grote haal haar haast had halen half
hallo hand hard hart hartelijk heb hebben hebt heeft heel heen heet helaas helft helpen hem hemel herfst het heten
hier hij hoe hoeft hoeveel hond honger hoofd hoog hoop horen hou houden houdt huis huisdier hulp hun idee iedere
iedereen iemand iets ijs ik in inderdaad informatie inwoners is ja jaar jarig je jij jong jongen jou jouw juist jullie
kaas kamer kan kans kant kapot kerk kiezen kijk kijken kind kinderen klaar klant klein kleine kleur klok koffie koken
kom komen komende komt koning kop kopen kort kost kosten koud kracht krant krijgen krijgt kunnen kunt kwart laat land
lang langs langzaam laten later leeg leer leest lekker leraar leren les leuk leven lezen licht lief liever ligt links
loopt lopen lucht lukt maand maandag maar maken makkelijk makkelijke man mannen markt meer meestal meisje melk men
mens mensen merk met middag midden mij mijn minder minuten misschien moe moeder moeilijk moet moeten mogen moment mond
mooi mooie morgen muziek na naam naar naast nacht namelijk natuurlijk nederland nederlands nederlandse nee neem nemen
net niet niets nieuw nieuwe nieuws nodig noemen nog nooit noord noorden nu nummer of om omdat onderwijs onderzoek
ongeveer onjuist ons ontbijt ontmoeten onze oog ook oom oost op open openbaar oplossing opnieuw opstaan oud oude
ouders over paar paard pagina papier park plaats plan plek politie prachtig praten precies prijs prima probeer
proberen probleem raam raken rechts reden regen regering reis reizen rekening rest restaurant rijden rijk rivier rood
rug ruimte rust rustig samen scherp schip school schoon schrijven slaap slapen slecht sleutel sluiten sneeuw snel soms
soort speelt spelen spreek staan staat stad stap station stelt sterk stil stoel stof stop straat straks stuk taal
tafel tante te tegen tegenwoordig tekst telefoon terug tien tijd toch toekomst toen tot trein trots tuin tussen twaalf
twee tweede twintig u uit uitleg uitleggen uur uw vaak vader vakantie vallen van vanaf vanavond vandaag vandaan vangen
vanmorgen vast veel vergadering vergeten verhaal verjaardag verkeer verkeerd verkopen verliezen verloren verschil
verstaan vertellen vertraging vertrekt vier vijf vinden vindt vis vlees vliegtuig vliegveld vlucht voelen voet vogel
vol voldoende volgende volgens voor vooral voorbeeld voorjaar voorzichtig vorig vorige vraag vragen vreemd vriend
vriendelijk vrienden vriendin vrij vrijdag vroeg vrouw vrouwen waar waarheid waarom wachten wachtwoord wakker wandelen
wanneer want waren warm was wassen wat water we week weekend weer weet weg weinig wel welke wens werd wereld werk
werken werkt westen wet weten wie wij wil willen winkel winter wisten woensdag wonen woont woord worden wordt zaak
zaal zacht zal zaterdag ze zee zeer zeggen zegt zei zeker zelf zes zeven zich zie ziek ziekenhuis zien zij zijn zin
zingen zit zitten zo zoals zoeken zomer zon zondag zonder zoon zou zuiden zullen zwaar zwart zwemmen
""",
        "pl": """
a aby adres akcja ale ani aplikacja autobus babcia bank bardziej bardzo bez bezpieczeństwo biały bilet biuro blisko bo
bogaty boję brak brat budynek butelka by być był była było były będzie będę błąd całe cały cena chce chcę chodzi
chodzić chory choć chwila chwilę chłopiec ci ciało ciebie ciekawe ciepło cieszę ciągle ciężko co coś cukier czarny
czas czego czekam czekać czerwony cześć czuję czwartek czy czym czytać często człowiek człowieka córka daj daje daleko
data dawno dać deszcz dla dlaczego dlatego dni dnia do dobra dobranoc dobre dobry dobrze doktor dokładnie dom dopiero
dostać droga drogi drugi drzewo drzwi duża duże dużo duży dwa dwie dworzec dwóch dziadek działa dzieci dziecko
dziewczyna dzień dzisiaj dziękuję dziś dług długi długo ekran film firma gazeta gdy gdzie go godzina godziny gorąco
gotować gra grać grupa góra głodny głos głowa hasło herbata historia hotel i ich ile im imię informacja inne innego
inny innych instalacja ja jajko jak jaki jako jechać jeden jedna jednak jedno jedzenie jedzie jego jej jest jestem
jesteś jeszcze jutra jutro już język kawa kawy kawę każdy kiedy kino klient klucz kobieta kocham kolega kolej kolor
koniec koszt kończy kościół kraj kraju król krótki książka kto która które którego który których kupić kupuje kwiat
las lat lata lato lekarz lekcja lepiej lepszy lewo list lista litr lot lotnisko lub lubi lubię ludzi ludzie ma mam
mamy mapa masz masło matka mała małe mały mi miasto miejsce miesiąc mieszka mieszkam mieszkanie mieszkać mieć minut
minuta minuty między mięso miłość mleko mnie mocno moja moje moment morze most może możesz możliwe można musi muzeum
muzyka my myśleć myślę mój mówi mówić mąż młody na nad nadzieja najbardziej najlepiej najlepszy nam nas następny nasz
nauczyciel nawet nazwa nazwisko nazywam nic nich nie nieba niebieski niebo niedziela niemiecki niestety nigdy nigdzie
nim niski niż noc nocy noga normalnie nos nowa nowe nowy nową numer o obiad obok oczy oczywiście od odpowiedź ogień
ogród ojciec okno oko około on ona one oni ono opóźniony oraz osoba ostatni osób otwarty owoc palec pamiętam pamiętać
pan pani papier park patrzeć państwo pieniądze pierwszy pies pisać piwo piątek piątku pić pięknie piękny pięć plan
plaża pociąg poczta pod podróż pogoda pogody pokój policja polski polsku pomoc pomysł pomóc poniedziałek ponieważ
popołudnie poprzedni poranek potem pozdrawiam południe praca pracować pracuje prawda prawie prawo prezent prezydent
problem problemu program proszę przeciwko przed przepraszam przerwa przez przy przyjaciel przyjechać przyjść przykład
przyszłość ptak pusty pyta pytanie pytać pójść później płacić radość rano ratunek raz razem robi robić robię rodzice
rodzina rodziny rok roku rower rozmawiać rozumiem ryba rynek rzecz rzeka rząd różne ręka sala sam sama samochód
samolot sen ser serce siedzieć siostra się siła sklep skoro skąd smaczny smutny sobie sobota sok spać spokój spotkanie
sprawa sprawdź stacja stary stać stolica strona stronie studia stukać stół stąd sukces swoje swój syn system szczęście
szef szkoła szpital szpitalu szukam szybko są słowo słońce słuchać słyszę tak taki takie także tam te tego tej telefon
temat temu ten teraz też to toaleta trochę trudno trzeba trzy tu tutaj twoja twoje twój ty tydzień tygodniu tylko tym
u ubranie uczeń uczyć ulica ulicy umieć usługa uwaga uwagę uważam w warszawa warszawie ważne ważny wczesny wczoraj we
wiadomość wiatr widać widzieć widzę wieczorem wieczór wiedzieć wiek wieku wiele wielka wielki wiem wieś wino wiosna
więc więcej woda wojna wolno wolny wróci wrócić wspólnie wszyscy wszystkie wszystkiego wszystko wszędzie wtedy wtorek
wyjście wysoki wziąć z za zaczyna zamek zamknąć zamówienie zapomnieć zawsze ze zielony zima zimno zmiana znaczy
znaleźć znam znać znowu zobacz zobaczyć zostać został zostało zrobić zupa zupełnie zwierzę zwykle złoty zły łatwa
łatwo łóżko śniadanie śnieg świat światło święta żadnych że żeby żona życia życie życzę żyć
""",
        "sv": """
affär alla alls allt alltid andra annan annat ansikte app arbeta arbetar arbete att augusti av avsnitt badrum bakom
bara barn ben berg berätta beställa beställning besök besöka betala betyder bil bild biljett billig blad bland blev
bli blir blomma blå bo bok boken bor bord borta bra bredvid brev bro bror bråttom bröd butik by bygga byta bädd bäst
bästa bättre båda båt börja börjar cykel dag dagar dagen dans de del delar dem den denna deras dess det detsamma detta
dig din dina djur dotter dricka dricker dröm dyr dyrt där därför då död dörr dörren efter efteråt egen egentligen eld
elev eller en engelska enkel enkelt ens er ett fader fall falla familj far fara farbror fast fel felaktigt fem fest
fick film finna finns fisk fjäll flera flicka flygplan flygplats flytta flyttat folk fortfarande framför framtid
fredag fri frisk fru främmande fråga frågor från full fyra färdig färg få fågel får fåtölj född födelsedag
födelsedagen följa fönster för förlåt förra försenat först första förstå förstår förut gammal gammalt gata gatan gav
ge genom ger glad glas glass glömma god golv gott grattis grupp gråta grön gud gul gynna gärna gäst gå gång gånger går
gård gör göra ha hade hals halv hamn han hand handla hans har hatt hav hej hela helg helst helt hem hemma henne hennes
herr himmel hitta hittar hjälp hjälpa hjälper hjärta hon honom hoppas hotell hund hungrig hur hus huvud hälsa hälsning
hända händer här häst hästar hög höger högt hör höra höst i idag igen igenom igår ihop illa imorgon in information
inga ingen inget innan installera inte intresse is istället ja jag jobb jobba jobbar jord jul just kaffe kall kalla
kallt kan kanske katt kille kl klar klass klockan klok kläder kniv kom komma kommer kommit konst kontor kopp kort
kosta kostar krig kropp kul kultur kunde kung kunna kvar kvinna kvinnor kväll kylskåp känna känner kär kärlek kök köpa
köper köra lag land landet leende leka lektion leva lever lite liten litet liv ljud ljus luft lugn lunch lycka lyssna
läge lägger läkare lämna längre lära lärare läsa läser lätt lång långsam långt låta låter löpa lördag lösenord
lösenordet makt mamma man marknad mat med medan meddelande medel mellan men mening mer middag mig mil min mina minne
minuter mitt mitten mjölk moln mor mord morgon morgonen mormor mot mun musik mycket människa människor mänsklig märke
mål mån månad måndag måne måste möte mötet namn natt natten natur nej nere ni nio nog norden norr nu nummer nya nyckel
nyheter nytt när nära nästa någon någonsin något några nöjd och också ofta om onsdag ord orsak oss ost pappa papper
par pengar person plats plötsligt pojke polis polisen prata pratar pris problem process program promenad prova punkt
på ramla rast regering regn resa resan resor rest restaurang rik riktigt ringa ro rolig rum rygg räcker rädd rätt röd
röra rösta sade sak saker samhälle samma samtidigt sann se sedan semester senare senast sent ser sida sidan siffra sig
sin sina sist sista sitt sitta sitter sju sjuk sjukhus sjunga själ själv sjö ska skepp skicka skog skola skolan skriva
skriver skulle skynda sköld skönt slut sluta slår smak smart snabb snabbt snart snälla snö sol solen som sommar son
sova sover spela spelar springa språk stad stark start station stationen stjärna stol stolt stopp stor stora stort
stund stäng stänga stå står större störst svar svara svart svensk svenska sverige svår syd syn syster sälja sämre sätt
sätta så sådan söder söka söndag söt ta tack tala talar tallrik tand tanke tar tavla te team telefon text tid tidigt
tidning till tio tisdag titel titta torsdag trafik trappa tre trevlig trevligt tro tror trots träd trädgård träffa
trött tur tusen tvungen tycka tycker tydlig tyska tyst tänka tänker tåg tåget under undra ung unga ungdom universitet
upp uppgift ur ursäkta ut utan utanför utbildning vacker vad vagn vaken val van vanlig var vara varandra varför varit
varje varm varmt vars vatten vecka veckor vet veta vi vid vilja vilka vilken vill vin vind vinter visa visar visst
visste vit väder väg vägen vägg välkommen vän vänner vänster vänta väntar värld värme väska växa vår våra ägg äldre
älska älskar än ännu äpple är äta år åt ögon ögonblick ön öppen öppna över överallt
""",
        "da": """
adgangskode adgangskoden af afsted aften aftensmad aldrig alle alligevel alt altid alvor anden andre appen arbejde
arbejder at avis banegård bare barn bedre bedste begge begynder behov besked bestilling besøg betale betyder bil bilen
billede billet billig bjerg blad blev blive bliver blomst blå bog bogen bor bord bort bror brug bruge bruger bryllup
brød by byen bygge bygning båd både bør børn cykel da dag dagen danmark danse dansk danske datter de dejlig del dem
den denne der deres derfor det dette dig din disse du dyr dyrt dårlig død dør døren efter efterår egen egentlig
eksempel eller elske elsker en end engelsk enkelt er et fader familie fange far farlig farve fast fejl fem ferie fest
film finde findes fisk flere flot flyttet flyver folk folketinget for fordi forkert forlader forleden formiddag
forsigtig forsinket forstå forstår fortsat fortælle foto fra fredag fremtid fri frisk frokost frugt fugl fuld fyldt få
får fællesskab færdig fødder fødselsdag fødselsdagen født føle føler følge før først første gade gaden gammel gang
gange gav gave gerne gik give giver glad glas glemme glemt god goddag godmorgen godnat godt grad grund gruppe græs
grøn gå går gård gæst gør gøre halv ham han handel hans har hav havde have hedder hej hende hendes her hest hilsen
himmel hjalp hjem hjemme hjerte hjælp hjælpe hjælper hos hospital hotel hoved hun hund hurtig hurtigt hus husk huske
hvad hvem hver hverdag hvid hvilke hvilken hvis hvor hvordan hvorfor hvornår høj højre høre hører i igen ikke imens
ind indkøb indtil ingen installere interessant istedet ja jeg jer jo jord jul kaffe kage kald kalde kan kat kende
kender kirke klar klasse klog klokken kniv koldt kom komme kommer koncert konge konto kop korrekt kort koste koster
krig kultur kun kunne kvinde kvinder kæreste kærlighed køb købe køber køkken køre kører land landet lang langsom langt
lave laver leder lege lektier let leve lever lidt lige ligger liv lov loven luft luk lukke lukket lykke lys lyst læge
lære lærer læse læser løbe lørdag løsning mad maj man mand mandag mange marked med meget mellem men mener mening
menneske mennesker mere midt mig min minde minutter mit mod mor morgen morgenmad mulig mund mur musik må måned måske
mærke møde møder mødet mørk nabo natten natur navn ned nej nem nemt nogen nogensinde noget nogle nok nord norden nu
nummer ny nye nyhed nyheder når næse næste næsten nødvendig nøgle ofte og også om omkring ondt onsdag op opgave ord os
ost over overalt papir par parkering penge person pige plads politi pris problem prøve prøver på radio regering regn
rejse rejsen rejser rent restaurant ret rig rigtig ringe ro rolig rum rundt række rød røre sagde samfund samme samtale
samvær se seks selv sen sende sender senere seng sidde sidder siden sidste sig sige siger sikker sikkert sin situation
sjov sjældent skal skib skole skolen skov skrive skriver skulle skyld skynd slags slet slut smag smil smuk snakker
snart sne sol solen som sommer sove spille spiller spise spiser sprog spørge spørgsmål stadig stand starte station
stearinlys sted stemme stille stjerne stol stolt stoppe stor store stort strand streng stå står stærk svar svare svær
svært syd syg sygehus syn synes synge synger så sådan sød søger søn søndag søster tager tak tale taler tanke telefon
tid tidlig tidligt til tilbage tillykke time timer ting tirsdag to tog toget torsdag trafik tre tror træ træffe træt
tung tur tusind tysk tyve tælle tænke tænker ud uden uge uger uheld under undskyld ung unge universitet uret vand
vandre vane var varm varmt ved vedtog vej vejen vejret vel ven venlig venligst venner venstre vente venter verden vest
vi vide vigtig vigtigt vil ville vin vinder vindue vinter vise viser voksen vores våben vågen væg vælge være været
åben åbne år årsag æble æg ægte ærlig øje øjeblik øjne ønske øre øst østen
""",
        "nb": """
aldri alene alle alltid andre annet appen arbeid at av avis bare barn barna barnehage bedre begge begynne begynner
beklager beste bestemor bestemt bestilling bestillingen betale betyr bil bilde bilen billett billig bjørn blad ble bli
blir blomst blå bok boka boken bor bord borte bra brev bro bror broren bruk bruke bruker brød by byen bygd bygge bytte
både båt bønner da dag dager dans datter de deg deilig dele dem den denne der dere deres derfor dessuten dessverre det
dette dialog din disse du dyr dyrt dårlig død dør døren egen egentlig eksempel eller elske elsker elv en eneste
engelsk enkelt enn ennå er et ett etter ettermiddag faktisk fall familie far farge farlig fast feil ferie fest fikk
film finne finner finnes fisk fjell fjord flere flott fly flyplass flytte flyttet folk for fordi forrige forsiktig
forsinket forstå forstår fortelle fortsatt fra fram framtid fredag fremdeles fri frisk frokost fugl full fylke få får
fødselsdag født føle føler følge før først første gammel gang ganger gata gate gave gi gikk gir gjerne gjest gjort
gjør gjøre glad glass glemme glemt god godt gratulerer grei greit grense grunn gruppe grønn guten gutt gå går ha hadde
halv ham han handle hans har hav hei helg helse helt henne hennes her hest heter hilsen himmel hjelp hjelpe hjelper
hjem hjemme hjerne hjerte hodet hotell hun hund hundre hus huset huske hva hvem hver hvilken hvis hvit hvor hvordan
hvorfor hyggelig høre hører høst høy høyre i igjen igjennom ikke ikkje ingen ingenting inn installere interessant
istedenfor ja jeg jenta jente jernbane jo jobb jobbe jobber jord jul kaffe kake kald kalde kaldt kan kanskje kart katt
kirke kjenne kjenner kjære kjærlighet kjøkken kjøpe kjøper kjøre kjører klar klasse klokka klokke klokken klær kniv
kom komme kommer kommune konge kopp kort koste koster krig kultur kunne kunst kvart kveld kvelden kvinne kvinner lage
lager land landet lang langt leder lege leke lekser lenge lenger lese leser lett leve lever ligger lik like liker lite
liten litt liv lov loven luft lukk lukke lukket lunsj lykke lys lære lærer løpe lørdag løsning man mandag mange mann
mat med meg meget melding melk mellom men mening menneske mennesker mer midt min minutter mitt mor morgen morn moro
mot mulig munn musikk mye må måned måte mørk møte møter møtet nabo natt natta natur navn ned nei neste nesten nettopp
noe noen nok nord norge norsk norske nummer ny nydelig nye nyhet nyheter nytt nå når nær nødvendig nøkkel ofte og også
oktober om onkel onsdag opp oppgave ord oss ost over overalt papir par passord passordet penger person plass politi
politiet pratet pris problem prøve prøver på regjering regn reise reisen reiser restaurant rett rik ringe ro rolig rom
rundt rygg rød røre sa samfunn samme samtale sann sau se seg seks selv sen sende sendt senere seng siden sier sin sine
sist siste sitte sitter sjelden sjø skal skap ski skip skje skjer skjønner skog skole skolen skrive skriver skulle
skynde slags slik slutt smak smil snakke snakker snart snill snø sol solen som sommer sove sover spille spiller spise
språk spør spørre spørsmål stadig starte stasjon stasjonen sted stemme sterk stille stjerne stol stolt stoppe stor
store stort stortinget strand står svar svare svart svært syk sykehus sykkel syn synes synge så sånn søke søndag sønn
sør søster søt takk takke tanke telefon tenke tenker tid tidlig til tilbake time timer ting tirsdag to tog toget
torsdag trafikk tre treffe trenger trett tro tror trøtt tung tur tusen tysk uke uker ulykke under ung unge universitet
unnskyld ut uten utenfor vakker vanlig vann var varm varmt ved vedtok vei veien vel veldig velge velkommen venn venner
vennlig venstre vente venter verden vest vet vi viktig vil ville vindu vinter vise viser visst voksen våken vår våre
vær være været værsågod vært åpen åpne år årene ønske ønsker øre øst øy øye øyeblikk øyne
""",
        "fi": """
aamu aamulla aamupäivä aihe aika aikaa aikaisin aina ainoa ajaa ajatella ajatus alkaa alla alle aloittaa ammatti antaa
anteeksi antoi apua arvo asema asemalla asia asiakas asua asun asuu auki aurinko aurinkoa auto autolla avain avata
avoin edes edessä ehdottaa ehkä ei eikä eilen eli elokuu elokuva eläin elämä elämän en enemmän englanti englantia
eniten ennen ensimmäinen ensin eri erittäin esimerkiksi esittää et eteen eteenpäin etelä etelässä että eurooppa
haittaa hakea halua haluaa haluaisin haluan haluat hauska hauskaa he hei heidän helmikuu helposti helppo henkilö
herätä hetki hinta historia hitaasti hotelli huomata huomenna huomenta huone huono hymy hyvin hyvä hyvää hän hänen
hänet häntä ihan ihana ihminen ihmiset ihmistä ikkuna illalla ilma ilman iloinen ilta iso isoäiti istua isä itku itse
itä ja jaksaa jalka jatkaa jatkuu jo joita joitakin joka jokainen joku jopa jos joskus jossa jossain jotka joukko
joulu juhla juna junalla juoda juosta juuri jälkeen järvi jää kaada kahvia kaikki kaipaa kaksi kaksikymmentä kala
kalliimpi kallis kannattaa kanssa kanta kappale kartta kasvaa katsoa katu kauan kauas kaukana kaunis kauppa
kaupungissa kaupunki kautta keittiö kello kerran kerro kertoa keskellä keskiviikko keskus kesä kesällä kevät keväällä
kieli kiinni kiitos kirja kirjasto kirjoittaa kirkko kissa kiva kivi koira koko kokous kolme koska koti kotiin kotona
koulu koulussa kova kuin kuinka kuitenkaan kuitenkin kuka kukaan kukka kulttuuri kulua kun kuningas kunnes kunta
kuolla kuppi kuulla kuuluu kuuma kuusi kuva kylmä kylä kymmenen kysymys kysyä käsi käydä käyttää kääntyä lain laiva
laki lapset lapsi lauantai laulaa laulu lehti leipä lentokenttä lentokone levätä lippu loma lopettaa loppu lukea luku
lumi luona luonto lyhyt läheinen lähellä lähettää lähteä lämmin lääkäri löytää maa maailma maailman maanantai
mahdollinen mahdollista maito makea maksaa makuu matka matkustaa me meidän melkein melko mennä meri metsä mieli
miellyttävä mies mihin miksi mikä milloin minua minulla minun minut minuuttia minä missä missään miten mitä moni monta
muistaa mukaan mukana mukava muki mummo musiikki musta mustaa mutta muuta myydä myöhemmin myöhässä myös määrä naapuri
nainen naiset nappi nauraa ne neljä niin nimeni nimi no noin nopea nopeasti nostaa nousta nukkua numero nuori nyt
nähdä näin näkee näkemiin näkyä nälkä nämä näyttää odottaa ohjelma oikea oikealla oikein olen olet oli olisi olivat
olla ollaan olleet ollut olut oma omaa on ongelma onnea onneksi onni opettaa opettaja opiskelija opiskella oppia osa
osata osoite ostaa ottaa ovat ovi paikka paino paljon pankki paperi paras parempi pelata peli pelätä perhe perjantai
pieni pitkä pitkään pitää pohjoinen pohjoisessa poika poissa poliisi politiikka polku presidentti puhelin puhua puhun
puisto puoli puu pyydän pyytää pyörä päivä päivällä päivää pää pääsee päättää pöydällä pöytä raha rakas rakastaa
rakastan ranta ratkaisu rauha rautatieasema ravintola rikas rinnalla ruoka ruotsi saa saada saakka saapua saari sade
sairaala sairaalassa sairas saksa salasana samaan sana sanoa sanoi sataa satama se seinä seitsemän sekä sen seuraava
seurata siellä siinä silloin silmä sinun sinä sisar sisko sisällä sisään sitten sitä sopia sota sovellus sulje sulkea
sunnuntai suomalainen suomea suomessa suomi suora suu suuri sydän syksy synttäri syntymäpäivä syntymäpäivää syy syödä
sää tai talo tapa tapahtua tapaus tarina tarjota tarkoittaa tarvita tarvitsee tarvitsen tavallinen tavata te teatteri
tehdä tehnyt teidän tekee teki tie tiedä tiedämme tiedän tietenkin tietää tila tilanne tilauksesi tilaus todella
toinen toisen toivo toivoa toivottaa torstai totta tuhat tulee tuli tulla tulos tulossa tunnen tuntea tunti tuntuu tuo
tuoda tuoli turha tuttu tyttären tyttö työ työskennellä työssä tämä tänään tärkeä tässä täysi täytyy täällä täältä
ulkona ulos uni usein uskoa uudestaan uusi uusia uutinen vaan vaatteet vai vaikea vaikka vaikuttaa vaimo vain valita
valmis valo vanha vanhemmat vapaa varhain varma varovasti vasemmalla vasen vastaan vastata vastaus vati veli veljeni
veneellä vettä viedä vielä vierailla vieras viesti vihreä viikko viikonloppu viime viimein viini viisi vika voi voin
voit vuonna vuori vuoro vuosi vuotta väri väsynyt väärin yhdeksän yhdessä yhteen yhtiö yksi yli ylä ymmärrän ymmärtää
yrittää yritys ystävä ystävät yö yöllä äiti äkkiä ääni öljy
""",
        "cs": """
a aby adresa ahoj ale ani aplikace asi aspoň auto babička barva bez blízko bohatý bojím bolí boty bratr brzy bude
budeme budou budoucnost by bydlí bydlím byl byla byli bylo bílý být celá celé celý cena cesta cestovat chceme chci
chlapec chléb chodit chtěl chtěla chvíle chyba cizí co což cukr cítím daleko datum dcera den deset deštník dlouho
dlouhý dnes dnešní do dobrou dobrá dobré dobrý dobře doktor dolů domů dopis dost dotaz dovolená druhá druhý dva dveře
dvě dál dát déšť dítě děkuji děkuju děti dům film firma fotka hezky hezký historie hlad hlas hlava hlavní hned ho
hodin hodina hodiny hodný hodně hora horko hospoda host hotel hotový hra hrad hrát hudba i informace jak jako jaká
jaké jaro jasně jazyk je jeden jedna jedno jednou jeho jejich její jen jenom jestli jet jezdí ještě jih jinak jiný
jmenuji jméno jsem jsi jsme jsou jste já jídlo jít jízdenka k kam kamarád každý kde kdo když klid klidně klíč kniha
koho kolik kolo koncert konec koupit kouřit kraj krev král krásné krásný krátký která které který kteří ku květ
květina káva kávu křeslo lepší les let letadlo letiště levný li lidé lidí list loni loď lékař léto lístek malá malé
malý maminka manžel manželka maso matka mezi mi minulý minut minuta mladý mluvit mluví mluvím mluvíte mléko mnoho mně
moc moje most moře možná muzeum muž my myslet myslím má mám máme máte místo mít mě měl město měsíc měsíce můj může
můžete na nad nahoře najednou najít narozeniny narozeninám nashledanou nazdar naše ne nebe nebo neděle nejlepší
nemocnice nemocný nemám není nesmí nesprávné nevím než nic nikdo nikdy noc noviny novou nová nové nový nutné nádraží
nás náš něco nějak nějaký někdo někdy několik němčina o obchod objednávka objednávku obraz oběd od odejít odkud
odpoledne odpověď oheň okno oko on ona oni otec otevřeno otevřít otázka ovoce ovšem oči pak pamatuji pan paní papír
park peníze pes pivo platit plný plán po pod podle podobně podívat pokoj policie polévka pomoc pomoct pomáhat pondělí
poslední poslouchat postel potom potřebuji pouze povídat pozdě pozor počasí počkat počítač pořád pracovat pracuje
pravda prezident problém prodat program prostě prosím proto protože proč první práce právo právě prázdniny průvodce
pták ptát pátek pít pět před předem přes přesně přečíst při přijít příklad příroda přítel přítelkyně příští radost
reklama republika restaurace rodina rodiče rohlík rok roku rozumím rozumět ruka ryba rychle rychlý rád ráda ráno různé
s samozřejmě schůzka se sedm sedět sestra sever si silný sklenice sklo skoro skvělé slovo slunce slyšet smutný snadno
snídaně sníh sobota sova společnost spolu správně spát starý stejný stejně stovka strana strašně strom student studený
studovat stále stát středa stůl super svátek své svět světlo svůj syn sám sýr ta tak taky také takže tam tato tatínek
te tedy televize ten tento teplo teplý text teď ticho tisíc tma to toho tom tomu trh trochu trávit tu tvoje tvůj ty
týden těším těžký tři u ulice uložit učit učitel už v vadí vařit vaše ve vedle vejce velice velká velké velkém velký
velmi večer večeře vidím vidět vlak vlastně voda voják volat vpravo vrátit vstup vy vyhrát vypadá vysoký vzít vám vás
váš více víkend vím víno víte význam včas včera věc věci však vše všechno všichni všude z za zahrada zajímavé zaplatit
zapomenout zase zastávka zavolat zavřít začíná začít zboží zde zdraví zdravý ze země zima zkusit zlý změna znamená
znovu známý znát zpoždění zpráv zpráva zprávu zpátky zpět zvíře zákazník základ zákon zítra zítřek zůstat úkol úplně
úspěch úterý čas časopis často černý červený česky čeština člověk čtvrtek čtyři číslo číst řeka říct říkat říká šest
škola štěstí šťastný že žena ženu život žít
""",
        "sk": """
a aby ahoj aj ako ale ani asi bez bol bola boli bolo bude budem budú by byť chcem deti deň dnes do dobre dobré dobrý
dovidenia ešte ho hovoríte i iba ich ja je jeden jeho jej k kde keď kto ktorá ktoré ktorý ku lebo len medzi mesto mi
my má mám máme máte môj môže môžem mňa na nad ne než nie niečo nikdy nič nám nás o od on ona oni po pod podľa potom
počasie pre pred preto prečo pri prosím roku rád ráno s sa seba si slovensky sme so som ste svoje sám sú ta tak tam
ten tento teraz tiež to toho tom tu ty tá už v večer veľa veľmi viac vlak vo vy vám vás včera všetko z za zajtra zo
čas či čo ďakujem ľudia že
""",
        "hu": """
a adni ahol ajtó ajtót ajándék akarok aki akkor alatt alkalmazás alma amely ami amikor amire anya anyám apa apám arc
asztal autó az azok azt baj barna barát baráti barátom be beszél beszélek beszélgetés beszélni beteg betű biztos
biztosan bocsánat boldog bolt bor busz báty büszke bő bőr cipő csak család csinál csinálni csoport csütörtök
csütörtökön cél cím dal darab de dolgok dolgozik dolgozni dolog drága dél délben délelőtt délután dönt ebéd eddig egy
egyetem egyik egyszer együtt egész egészség egészségedre el első előre előtt ember emberek emberi emlék engem ennek
enni erdei erdő erős este estét eső ez ezek ezen ezer ezt ezután ezért fa fal falu fehér fej fekete fel feladat
felelős feleség felhő fiatal figyelem fizet fizetni fiú fog fogok folyó fontos forró futni fél fény férfi férj főleg
fű gondol gondolom gyerek gyerekek gyermek gyors gyorsan gyümölcs győz gép ha hagyni haj hajó hal hallani hallom hamar
hanem hang harmadik harminc használ hely helyes helyett hiba hibás hideg hirtelen hisz hogy hogyan hogyha hogyne hol
holnap holnapután hosszú hotel hova hozni háború három ház házban hét hétfő hétvége híd hír hó hónap húg hús húsz ide
idegen idei idő időjárás igaz igazán igen ilyen ilyenkor indul információ inni is iskola ismer ismerem itt itthon jegy
jelenleg jelent jelszó jobb jobbra jog jó jól jön jönni jövő kap kapott karácsony kedd kedves kell kenyér keres
keresek kert kevés kezdet kezdődik ki kicsi király kis klub kocsi komoly kor kormány korán kosár kutya kár kávé kávét
kék kép képes kér kérdezni kérdés kérek kérem késik kész késő később két kéz kórház kórházban kölcsön könnyen könnyű
könyv könyvtár köszönet köszöni köszönjük köszönöm közel központ között küld külföld külön lakik lakom lakás le
leginkább legjobb legyen lehet lehetőség lenne lenni lesz levegő levest levél liba lovak láb lány lát látni látom
lépés ló ma madár maga magas magyar magyarul magát majd majdnem meddig meg meglátogat megrendelés megrendelését megy
megyek megáll mehet mehetünk meleg mellett melyik mennek menni mennyi mert messze mi mikor minden mindenki mindig
mindjárt mint mit miért mióta mondani mondja mondom mondta most mozi munka mutat már más másik második még múlt múzeum
mű műsor művészet nagy nagyon nap napok naponta napos napot nehéz nekem neki nekünk nem nemcsak nemzet nevem nincs
nincsen nyelv nyitva nyolc nyugat nyár négy néha néhány nélkül német név nézni nő nők oda ok oktatás olcsó oldal olvas
olvasni olyan ország orvos osztály ott otthon paradicsom park parlament pedig perc percet piac pihenni pillanat piros
piszkos pont pontos pontosan poros próbál pályaudvar példa péntek pénz ragad rajta reggel reggelt remélem rendben
rendőrség repülő repülőtér ritka rossz ruha rész részt rövid sajnos sajnálom saját se segít segíteni segítség sehol
sem senki siet siker soha sok sokat sokáig stb szabad szakács szem szeme szerda szerelem szeret szeretem szeretlek
szeretne szeretnék szerint szia sziasztok szoba szokott szolgálat szombat szomorú szállás szám számára száz szép
szépen szív szíve szó szótár szükség születésnap születésnapot szülő szülők sárga só sör tanul tanulni tanár tanít te
tegnap tej telefon település tenger természet terv tessék testvér tetszik ti tojás tud tudja tudjuk tudni tudok tudom
távol tél tér több többi történelem történt törvény török tűz ugyan ugyanis ugye ujság ul utas utazás utca utolsó után
vacsora vagy vagyok vagyunk vajon valaki valami való van vannak vasárnap vele veled velünk vendég vers vesz világ
világos virág viszontlátásra vizet volna volt voltak voltam vonal vonat vágy változás vár várni várok város vásárolni
vég vége végül véleményem vérzik víz vörös zene zöld ágy ár éhes éjjel éjszaka éjszakát élet életem élni én épület
érdekes érkezett ért értekezlet értem érti és észak északi étel étterem év évek éves így óra órák öreg örök örülök
összes öt ötlet úgy új újra újság úr út úton ülni üzenet üzenete üzlet ő ők ősz őt
""",
        "ro": """
a acasă această acest acesta aceste acolo acord actual acum adevăr adevărat aduce adus aeroport afară află ai aici
ajunge ajutor ajută al alb ale alege altceva alte altul altă alături am amiază amic amintire amânată an ani animal
anul apartament apel aplicația aplicație apoi aproape apă apăr ar arată arbore are artă ascultă aseară asta astăzi
atenție atunci atât au auzi avea avem aveți avion azi așa așteaptă aștept bancă bani bate bea bere bilet bine birou
biserică bogat bolnav brutărie brânză bucuros bucătărie bun buni bunica bună băiat băieți bărbat ca cade cafea cald
cale calm cameră camp cap care carne carte casa castel casă caut caută ce ceai ceas ceasul cei cel cele cer cerc cere
ceri ceva cheamă cheie chem chiar cinci cine cinema citesc citi clar client coleg colț comandat comandă concediu
continuă copii copil copilul corect corp costă cred crede crește cu culoare cum cumpăr cumpăra cumva cunoaște cunosc
curat curte curând cuvânt câine câmp când cânta cântec cât câte câțiva că căldură călătorie căsătorit da dacă dans dar
dată de deci decât degeaba deja deloc demult deoarece departe deschide deschis deseori despre dete devreme deși
diferit dificil dimineața dimineață din dintre direct doamna doamnă doi domn domnul dorește dori două dragoste dreapta
drept drum dulce duminică dumneavoastră după durată ea economie ei el ele elev englez engleză era este eu exact examen
exemplu explic eşti ești fac face facem faci familie fată fața față femei femeie fereastră fericit fi fie fiecare
fiecărui fier fiindcă film fiu fiul floare foame foarte foc formă fost frate fratele frica frig fruct frumoasă frumos
frumusețe frunză fugă făcut fără galben gară genunchi gest gheață ghid grea greu greșeală greșit greșită grup grădină
guvern gând gândesc găsesc găsi hai haine hotel hârtie i iar iarba iarnă iartă ieftin ieri ieși ieșire imediat
important informații inima inimă insulă interesant intra intrare iubesc iubește iubire iulie iunie joacă joc joi jos
jumătate la lac lapte larg le lecție lege legea legătură lemn liber limba limbă linie liniște listă lor lucra lucrează
lucru lucruri lui lume lumea lumină luna lung luni lună lupta lângă mai mamă mare marți masă mașina mașină mea medic
mei melodie membru mereu merg merge mers mesaj metru meu mi mic mică mie miercuri mii mijloc milioane minut minute
moarte moment monedă mult multe mulți mulțumesc muncesc muncă munte munți muzeu muzică mâine mâncare mână mă mănâncă
nas natură naștere ne necaz nevastă nevoie nici nimeni nimic ninge niște noapte noastră noi nord normal noroc noră
nostru notă nou noutăți nouă nu numai nume numele număr o oameni oaspete obiect obosit ochi odată odihnă oferi opt ora
oraș ore ori oricare orice oricum oră ouă ovăz pace pahar palat pantof parc parlamentul parola parolă parte pas pasăre
pat patru pe peisaj pentru perete perfect pericol persoană peste petrecere pește piatră piață picior pierde place
plaja plajă plan plată ploaie plouă plânge plăcere poate pod podea poezie poftim poliție port portocală posibil pot
poveste prea preferat preț prieten prieteni prietenă prima primul primăvară prin probabil problema problemă profesor
program proiect propriu prost prânz public pus putea puternic puțin pâine până pădure pământ părinte părinți rece
recent rege regină repede respect rest restaurant revedere ridică rochie rog roman românește românia română roșu rugăm
râde râu rămâne răspunde răspuns rău război sa salariu sale sală sare sat sau scaun schimb scoate scrie scrisoare
scriu scump scurt scuze scările se seara seară semn sensul sentiment serios sete sfârșit sigur simplu simt singur
situație soare soarele societate somn soră soț soție spate spațiu spital spune spus stau stație stea steag sticlă
strada stradă strâns străin student studiu stânga stă sub subiect succes sud suflet sumă sunt suntem super supă
supărat surpriză sus sâmbătă să sănătate sănătos săptămână sărbătoare tară tată tatăl te teatru telefon temă teren
timp timpul tine tip toate tot totul totuși toți trage tramvai treabă trebuie trece trei tren trenul trimite trist
trup trăiește tu tânăr târziu ultim ultima ultimul un una unchi unde unei unele unii universitate unor unui urmează
urmă urât ușa ușor ușă va vacanță val vale veche vechi vecin vede vedea vedem vei veni vesel vest veste vezi viața
viață vin vinde vineri vino vioară vis vizită voce voi vom vor vorbe vorbesc vorbește vorbi vorbiți vrea vreau vrei
vreme vulpe vă zece zeci zgomot zi zile zilnic ziua zâmbet zăpadă îi îl în înainte înalt înapoi încearcă începe
început încet închide închideți închis încă întoarce întotdeauna într între întreabă întrebare întreg întâlni
întâlnire întârziere învață învăța înțeleg înțelege șapte șase școala școală ședința ședință și știe știi știm știre
știri știu țară
""",
        "tr": """
abi abla acaba acı ad adam adı adım aile aileniz akıl akıllı akşam al alan almak alt altı alır alışveriş ama ana
anahtar ancak anladım anlam anlamak anlamıyorum anlatmak anne annem ara araba aracı aramak arkadaş arkadaşım artmak
artık aslında at ateş ay ayak ayakkabı ayar aynı ayrı ayın az aç açmak açık ağaç ağır ağız aşağı aşk baba babam bahçe
bakan bakar bakmak bakıyor balık bana banka bardak barış batı bay bayan bazı baş başka başkan başladı başlamak
başlıyor başı bebek beklemek bekliyorum belki belli ben beni benim beraber beyaz beş bile bilet bilgi bilgisayar bilir
biliyorum bilmek bilmiyorum bin bina binmek bir biraz biri birkaç birlikte birçok bitki bitmek bitti biz bizim biziz
boy boyun boş bu bugün bulmak bulunur buluşmak buna bunu bunun burada buradan buraya burun bölge böyle büyük büyükanne
büyümek bırak cadde can cep cevap cuma cumartesi cumhuriyet da daha dakika dakikada dans dağ de defa deniz ders devam
devlet değil dikkat dil dilek dinlemek diye dişi doktor dokuz dolap dolu dondurma dost doğru doğu doğum durak durmak
durum dönmek dört dün dünya düğün düşman düşünce düşünmek düşünüyorum dışarı dışında ederim ediyorum ekmek el elbise
elma emin en enerji erkek erken eski et etmek etti ev evde eve evet evim evli eğer eğitim eş eşya fakat fark fazla
fikir film fiyat fotoğraf garip gazete gece geceler gecikecek gecikme gel geldi gelecek gelir geliyor geliyorum gelmek
genel genç gerek gerçek gerçekten getirmek gezmek geç geçen geçmek gibi gider gidiyor gidiyorum girmek git gitmek
gitti giymek gökyüzü göl gönül gördüm göre görev görmek görüşmek görüşürüz göstermek göz gözler güle gülmek gülümsemek
gümüş gün günaydın güneyde güneş güneşli günler gürültü güven güzel güç güçlü haber hafif hafta hakkında hal halk
hangi hanım haritası hasta hastane hastanede hata hatırlamak hava hayal hayat hayvan hayır hazır hediye hem hemen hep
hepsi her herhalde herkes hikaye his hiç hiçbir hoca hoş hoşça hükümet hız hızlı iki ikinci ilaç ile ilgi ilk inanmak
ingilizce insan insanlar ise isim ismi istasyon istemek ister istiyor istiyorlar istiyorum istiyoruz iyi izin içeri
için içinde içmek iş işlem işte işçi kadar kadın kahvaltı kahve kahverengi kalem kalkmak kalmak kalp kan kapalı
kapatmak kapatın kapı kapıyı kar kara karar kardeş kardeşim kart karşı karşılamak kasa kavga kaybetmek kaza kazanmak
kaş kedi kelime kendi kendine kere kez ki kim kimse kira kitap kitaplar kişi kişiler kolay kolaydır komşu kontrol konu
konuşmak konuşuyor konuşuyorum korkmak korku koymak koşmak kulak kullanmak kullanıcı kurs kurulum kutlu kutu kuzey
kuzeyde kuş köpek köprü kötü köy köşe kültür küçücük küçük kırk kırmızı kısa kız kış lazım lise lokanta lütfen lütfü
masa mavi mektup memnun merak merhaba merkez mesaj mesajınız metre mevsim meyve mi millet milyon mu mutfak mutlu
mutluluk mü müdür mümkün müze müzik mı nasıl nasılsa nasılsın nasılsınız ne neden nehir nerede nereye niye niçin
numara o oda ofis okul okula okumak olabilir olacak olan olarak oldu olduğu olduğunu olmak olmaz olmuş olsun olur
oluyor on ona onlar onu onun orada oradan oraya orman orta ortak oturmak oturuyor oynamak oysa oyun oğlan oğlum para
park parti parça pasta patron pazar pazartesi pek peki pencere perşembe perşembeye peynir plan polis posta program
proje radyo rahat rağmen renk resim resmi rüya rüzgar saat sabah sabahları sadece salon salı sana sanat sandalye
sanırım sayfa sayı sayın saç sağ sağlık sekiz selam selamlar sen sene seni senin ses sessiz sevgi sevgili sevinç
seviyor seviyorum sevmek seyahat sipariş siparişiniz siyah siz sizin sokak sol son sonra sonuç sormak soru sorun soğuk
spor su sulamak söyledi söylemek söz süre sürekli süt sıcak sınav sınıf sıra tabak tabii takım tam tamam tanımak
tanışmak taraf tarafından tarih tarihi tatil tatlı tavuk taze taş tek tekrar telefon televizyon temiz tepe teşekkür
teşekkürler top toplantı toplum toprak tren tuvalet tuz türk türkiye türkçe ucuz uygulama uygulamanın uyku uyumak uzak
uzun uçak uçmak vakit vakti var ve verdi vermek veya vurmak ya yakın yalan yalnız yan yani yanlış yapmak yaprak yaptı
yapıyor yapıyorum yardım yarım yarın yasa yasak yatak yatmak yavaş yaz yazar yazmak yazı yağ yağmur yaş yaşamak
yaşıyor yedi yemek yemekte yeni yeniden yer yeterli yeşil yiyecek yok yoksa yol yolcu yoldan yorgun yukarı yumurta
yurt yüksek yürümek yüz yüzme yüzyıl yıl yıldız yılında zaman zaten zengin zor çalışmak çalışıyor çalışıyorum çanta
çarşamba çay çağırmak çevre çeşit çiçek çocuk çocuklar çocuğum çok çorba çünkü çıkmak çıktı ölmek ölüm önce önemli
önemlidir öneri önünde örnek özel özür öğle öğrenci öğrenmek öğretmen ülke ümit üniversite üst üzerinde üzgün üzgünüm
üç ışık şapka şarkı şehir şehirde şehrin şeker şemsiye şey şifre şimdi şimdilik şirket şoför şu
""",
        "vi": """
ai anh bao biết biển buồn buổi bà bài bán bánh bây bé bên bình bò bạn bầu bắc bắt bằng bếp bệnh bị bố bốn bữa cao cho
chung chuyến chuyện chào chân chúc chúng chơi chưa chạy chậm chắc chết chỉ chỗ chục chủ con cuối cuộc cá các cái câu
cây còn có cô công cùng cũ cũng cơ cơm cưới cả cảm cần cộng của cửa dài dân dùng dưới dạy dễ dịch em gia giá giáo gió
giúp giấc giờ giữa gì gần gặp gọi gửi hai hay hoa hoặc huế hy hà hàng hát hãy hình hôm hút hơn hết họ học họp hỏi hồng
hữu khi khoảng khuya khác khách khó không khăn khỏe kia kiếm kém kết luôn luật ly là làm lâu lên lúc lạ lạc lại lạnh
lấy lần lớn lớp lời lợi mai mau miền mong mua muốn mà mát máy mây mình món mùa mưa mấy mật mắt mặt mẹ mệt mọi mỗi một
mới mừng nam ngay nghe nghĩ nghỉ ngon ngoài ngày ngân ngôn người ngắn ngồi ngủ nhanh nhiên nhiều nhà nhân nhìn như
nhưng nhạc nhất nhật nhỏ nhớ những nào này nên nó nói nóng núi năm nước nấu nắng nặng nếu nội nửa nữa phim phía phòng
phút phải phố qua quan quyết quá quán quê quên quốc ra riêng rất rằng rồi sao sau sách sáng sáu sân sông sạch sắp sẽ
số sống sớm sợ sức sửa sữa tay theo thuốc thêm thì thích thôi thông thú thư thường thấp thấy thế thể thịt thời thứ tin
tiếng tiết toàn trai trong trà tránh trên trăm trước trường trẻ trễ trời trở tuyệt tuần tuổi tàu tám tên tìm tính tôi
tươi tại tối tốt tổng tới từ tự uống viết việc viện việt vui và vàng vào vé vì văn vẫn vậy về với vợ vừa xa xanh xe
xem xin xuân xuống yên yêu áo ông ý ăn đang đau đen đi điều điện đá đâu đây đã đèn đêm đó đóng đông đúng đường được
đầu đắt đặt đẹp đến đều để đọc đỏ đồng đội đợi đứa ơn ở ứng
""",
        "id": """
acara ada adalah adik agar air ajar akan aktif aku alam alamat alasan aman ambil ampun anak anda apa apakah aplikasi
arah arti asal asing atas atau awal ayah ayam bagaimana bagi bagian bagus bahagia bahan bahasa bahwa baik baju bakar
bandara bangga bangun bangunan bank bantu bantuan banyak bapak barang barat baru batas bawa bawah bayar beberapa beda
begitu bekerja belajar belakang beli belum benar bentuk berada berangkat berapa beras berat berbagai berbeda berbicara
berhasil beri berikan berita berjalan berkata bermain bersama bersih bertemu besar besok betul biasa biasanya biaya
bicara bintang biru bisa bola boleh buah buat bukan buku bulan bumi bunga buruk burung butuh cahaya cara cari cepat
cerah cerita cinta coba contoh cuaca cuci cukup daerah daging dahulu dalam dan dapat dari daripada datang dekat
delapan demikian dengan depan dewasa di dia dingin dokter dua dulu dunia empat enak enam gambar ganti garam gelas
gereja gula guna guru habis hadiah hampir handuk hangat hanya hari harus hati hebat hewan hidup hijau hitam hotel
hujan hutan ibu ikan ikut indah indonesia ingat ingin ini isi istri itu izin jadi jaga jalan jam jangan jatuh jauh
jawab jawaban jelas jendela jika jual juga jumlah juta kabar kacang kadang kakak kaki kalau kali kalian kalimat kamar
kami kamis kamu kantor kapal karang karena kartu kasih kata katakan kayu ke keadaan kebun kecil kedua kegiatan
kehidupan keluar keluarga kemarin kembali kemudian kenal kenapa kepada kepala kereta kerja kertas kesehatan ketika
khusus kiri kirim kita komputer kopi kosong kota kotor kuat kucing kunci kuning kurang kursi lagi lain laki laku lalu
lama lampu langit langsung lantai lapar laut lebar lebih lelah lemari lewat libur lihat lima luar luas lucu lulus lupa
maaf maka makan makanan malam malas mana mandi manis manusia marah mari masa masalah masih masuk masyarakat mata
matahari mati mau mawar meja melakukan melalui melihat memang memasak membaca membantu membawa membeli memberi membuat
memiliki mempunyai menarik mendapat mendapatkan mendengar mengapa mengerti menggunakan menit menjadi menjual menonton
menulis menunggu menurut merah mereka minggu minta minum minuman miskin mobil mohon muda mudah mulai mulut mungkin
murah murid musik musim naik nama nanti nasi negara nenek nomor obat olahraga orang orangtua pada padahal pagi paling
panas panjang pantai papan pasang pasar pasti payung pelan pemerintah pendek penting penuh perempuan pergi perlu
permisi pernah pertama pertanyaan perusahaan pesan pesanan pesawat pindah pintar pintu pohon polisi politik potong
presiden pribadi pukul pulang pulau punya pusat putih putra putri rabu raja ramai rambut rapat rasa ratus rendah ribu
rumah rumput rusak saat sabtu sabun saja sakit salah salju sama sambil sampai sandi sangat satu saya sayang sayur
sebab sebagai sebelah sebelum sebuah sedang sedih sedikit segera sehat sejak sejarah sekali sekarang sekolah selalu
selama selamat selasa selatan selesai seluruh sembilan semoga semua senang sendiri seni senin seorang sepatu sepeda
seperti sepuluh sering serta sesuatu setelah setiap siang siap siapa sibuk silakan sini sisi soal sore stasiun suami
suara sudah suka sungai supaya surat susah susu tahu tahun taman tambah tamu tanah tangan tanpa tanya tapi tari tas
tebal teh telah teman tempat tengah tentang tentu tepat terakhir terbang terbesar terima terjadi terlalu terlambat
tertawa tetap tetapi tiap tiba tidak tidur tiga timur tinggal tinggi toko tolong tua tugas tujuh tulis tunggu turun
tutup uang ulang umum undang untuk untung usia utara waktu walaupun wanita warna yang
""",
        "hr": """
a ako ali bez bi bih bila bili bilo bio biti bog da dan danas djeca do dobar dobro ga gdje god govorite grad hoće
hrvatski hvala i ih ili im ima imam iz ja je jedan jedna jer jesam jeste još ju jutro jučer kad kada kako kao kava
koja koje koji koliko kroz kuća li lijepo ljudi mi mnogo mogu moj molim može na nad nakon nam nas ne nego neka nema ni
nije nisam nisu ništa nje no noć o od on ona oni oprostite ovaj ovo po pod pri prije sa sad sada sam samo se si smo su
sutra sve svi ta tada tako tamo te ti to toga u uz ući vam vas već večer vi više vlak voda vrijeme za zašto zbog
zdravo će ću šta što želim
""",
        "sl": """
a ali ampak bi bil bila bilo bodo bom bomo brez dan danes do dober dobro ga govorite gre hiša hvala ima imam in iz jaz
je jih jo jutri jutro kaj kako kam kar kava kdaj kdo ker ki kje ko kot lahko le lepo ljudje mesto mi mu na naj ne ni
niso nič o ob od on ona oni otroci pa po pod pred pri prosim sam samo se sem si slovensko smo so ste ta tako tam te
tem ti to tu tudi tukaj v vam vas ves več večer vi vlak voda vse vsi včeraj z za zakaj zdaj zelo če še že želim živjo
""",
        "et": """
aeg aga ainult aitäh eesti ega ei eile et hea head homme hommikul hommikust ilm ilus inimesed ja jaam ju juba ka kas
keelt kes kohv kui kuidas kus kõik küll lapsed linn ma maja mees meie mida miks millal mille mina minu mis mitte mu
mul mulle nad need nii ning nägemist nüüd oled oleme olen oli on onu palju palun peab pärast rong räägite seda see
selle siin siis sina sinu ta tahan te teie tema tere täna tänan vaid veel vesi väga või ära õhtu üks üle
""",
        "lv": """
ar arī atvainojiet bet bez bija bērni būs cilvēki es esi esmu gribu ir ja jau jo jūs kad kafija kas kur kā kāds kāpēc
labdien labi labrīt labvakar lai laiks latviski liels līdz lūdzu man mana mani māja mēs nav ne no nu pa paldies par
pie pilsēta priekš pēc runājat rīt skaists tad tagad tas te tev tikai to tu tur tā un uz vai vairāk vakar var vilciens
visi viss viņa viņi viņš vēl ļoti šeit šis šodien šī ūdens
""",
        "lt": """
apie ar atsiprašau ačiū aš bet bus buvo būti dabar dar daug diena dienos gražus ir iš jau jei ji jie jis jos jūs jų
kad kai kaip kalbate kas kava kiek kodėl kur kuris laba labai labas labą lietuviškai man mano mes miestas mūsų namas
ne nes noriu nuo nėra o oras pas per po prašau prie rytas rytoj savo stotis su tada tai taip tas tau tik tikrai
traukinys tu už vaikai vakar vakaras vanduo viskas yra į šiandien žmonės
""",
        "ca": """
a adéu aigua això al als amb any anys aquest aquesta ara avui bon bona bones bonic bonica bé cafè casa ciutat com cosa
de del dels demà després dia doncs dos el ella ells els en encara era esta estació estan estic està et fa fer gairebé
gràcies ha han he hem hi ho hola home i ja jo la les li lo los mai mateix menjar mentre meu meva molt molta moltes
molts més nens nit no nosaltres o on parla per perquè però plau poc pot puc que qui què res sempre sense ser seu seva
si sobre som sou sí són també tan tarda tarde temps tens tinc tot tota tothom tots tren tu un una va vaig vol vull és
""",
        "is": """
af afsakið allt að bara barn bless bær dag daginn ef eftir ekki en er eru eða frá fyrir gott góða góðan hafa halló
hann hef hefur hvar hvað hvernig hvers hér hún hús já kvöld með mig mikið minn mjög morgun má mér nei nú ofan og sem
svo sé takk talar til um upp var vatn vegna vera verið veðrið við á ég í íslensku þar þau það þeir þess þessi þetta
þig því þá þér þú
""",
        "af": """
aan ander as asseblief baie by daar dag dankie dat die dit doen ek en gaan gee goed goeie haar hallo het hier hoe hom
huis hulle hê in is ja jou julle jy kan kinders kom kon maak maar man meer met moet my môre na nee net nie niks nog
nou of om ons ook oor op praat sal se sien so sou stad sy sê te toe tyd uit van vandag veel vir waar wanneer want was
wat wees weet wil
""",
        "tl": """
ako ang ano araw at ay ba bahay bakit bukas din dito gabi gusto hapon ikaw ito kahapon kailan kami kamusta kanya kasi
kay kayo ko kumain kumusta lahat lang maganda magandang mahal mas may mayroon mga mo namin nang natin ng ngayon ngunit
ni nila niya o oo opo para pero po rin sa saan salamat sila sino siya tao tayo tubig umaga upang wala
""",
        "sw": """
asante asubuhi baada bado bila cha chakula habari hapa hapana hii hiyo huyu ili jambo jana je kama katika kesho kila
kiswahili kitu kubwa kuwa kwa la lakini leo maji mimi mji moja mtu na ndiyo ni nini nyumba nzuri pia rafiki sana sasa
siku sisi tafadhali tu una unazungumza wa wako wangu wao watoto watu wewe ya yake yangu yeye za zaidi
""",
    },
    "cyrillic": {
        "ru": """
а без бы был была были было быть в вам вас ваш ваша ваше ваши вечер видеть во вода вокзал вопрос вот время все всегда
всего встреча всё вы выход где говорить год года город да даже дай два делать дело день деньги для до доброе добрый
дом друг друга другой думаю его ее если есть ещё её жарко ждать же жизнь за завтра заказ здесь здравствуйте знать знаю
и из или им имя их к как какой когда конечно который кто куда лет ли лучше люблю людей люди маленький мама меня минут
мне много могу может можно мой моя мы на над надо назад нам нас находится наш не неверный него нет нету ни никогда
ничего но новое новости новый ночь ну нужно о об обычно один она они оно от отец очень пароль перед перенесена по
погода поезд пожалуйста пока понедельник понимаю после потом потому почему правда при привет про проблем проблема
просто пять работа работает раз рано рассказать ребенок россии россия русский с сам свой себя сегодня сейчас сказал
сказать сколько слово снова со сообщение сообщения спасибо среда страна суббота так такой там твой тебе тебя теперь то
тобой тогда тоже только три ты у уже утра утро утром хлеб хорошо хотел хочу час часов через четверг что чтобы это
этого этой этом этот я язык
""",
        "uk": """
а або адреса але б без був була були було бути в вам вас ваш ваша ваше вечір вже ви вода вокзал вона вони все всього
всі від він говорити година години гроші далі де день дитина для дня до добре добрий доброго друг друже дуже дякую
дякуємо дім ж з за завжди завтра замовлення зараз знати знаю знову зустріч зі й його кава квітень книга кого коли кому
котра кохаю краще ласка ласкаво листопад лише люди людина мама мене мені ми мова може можна моя мій місто на нас наш
не немає неправильний нове новий новини нових ні ніч нічого о один он опівдні ось от пароль перенесено питання по
повідомлення погода поки потрібно потім поїзд правда працює при привіт про проблем просто прошу після раз ранку ранок
робити робота розумію року рік себе сказав сказати скільки слава слово собі сонце спекотно справи сьогодні та так
також там твій тебе тепер ти тиждень тобі того тоді треба три тут тільки у україна україни українська учора хата хліб
хочу хто це цей цього ця час чекати через четвер чи чому що щоб щодо щось я як яка який якось якщо є і із інший їжа їх
її
""",
        "bg": """
а аз ако ала без беше бил била били благодарим благодаря бъде бях в важно ваш вашата вашето вече вечер ви вие виж
виждам винаги влак внимание вода време все всичко във върху гара гарата говорите говоря година години голям град да
дали два ден денят днес до добре добро добър довиждане докато дом друг други държава е един една едно език ето ех за
заедно защо защото здравей здравейте знам зная и из или им има имам имате име иска искам исках как каква какво кога
когато които кой който колко която къде към къща ли любов май малко ме между мен ми минути мисля много мога може можем
мой моля моята му на над надявам най направо нас наш не него неговата нека нея ни ние никога нищо но нов нова новини
ново нощ някой няма нямам обаче обичам от отложена отново още пари парола паролата по повече поздрави поръчката после
преди през при приятел проблем просто първи път работа работи разбирам ресторант с са сайт сам само се сега си сине
след следващ слънце смея софия според среща срещата срещу страна съм съобщение със също така там твоя те тези ти това
тогава този той толкова три трябва тук тя у утре утро хайде хляб хора хубав хубаво цена чакам час часа часът че
четвъртък човек ще щом яде
""",
        "sr": """
а ако али без би била било био бити ваш вече већ ви вода воз време врло где град да дан данас два до добар добро дом
за зашто здраво и из или им има имам име их к када како кафа колико која које који кућа лепо ли ме мени ми много могу
може мој на не немам нисам ништа није ноћ о овај ово од он она они па по под пре при пријатељ са сам само се си смо
станица сте су сутра та тако такође там тај ти то у хвала хоћу цена час шта што ја је један јер још јутро људи
""",
        "mk": """
а ако беше би биде ве вечер веќе во вода воз време ги го град да дали два ден денес до добар добра добро дома е еден
едно за здраво зошто и из или им има имам име каде како кафе кога кои колку кој која куќа ли луѓе ме ми многу можам
може мој нè на не немам ние но ноќ ова овој од она по при пријател сакам само се си сме со станица сте сум та така ти
тие тоа тој утре утро уште цена што ја јас љубов ќе
""",
        "be": """
а але бы была былі быў вада вакзал вас ваш вельмі вечар вы год гэта да дзе дзень дзякуй для добры дом жыццё з за зараз
заўсёды заўтра знаю каб кава калі колькі людзі мне мова можна мой мы на не новы ноч няма ніколі па пасля працуе
прывітанне раніца сказаў слова справы сёння табе так таксама там твой толькі тут ты у хачу хлеб хто чаму час шмат што
я як якая які яна яны ён ёсць і ў
""",
    },
    "devanagari": {
        "hi": """
अगर अच्छा अपना अपने अब अभी आज आप आपका आपकी आपके आपको आपने इस इसके इसे उन उनके उस उसके उसे एक ऐसा और कब कभी कम कर करता
करते करना करने करें करो कल कह कहा कहाँ कहां का काम कारण कितना कितने किया किसी की कुछ के कैसा कैसे को कोई कौन क्या
क्यों गई गए गया घर चाहता चाहिए जब जा जाता जाना जी जैसे जो ठीक तक तब तरह तुम तुम्हारा तो था थी थे दिन दिया दो दोस्त
धन्यवाद नई नए नमस्ते नया नहीं नाम ने पर पहले पानी पास फिर बजे बहुत बात बाद बारे भारत भी मत मुझे में मेरा मेरी मेरे मैं
मैंने यदि यह यहाँ यहां या ये रहा रही रहे रात लिए लोग वह वहाँ वहां वाला वाले वे शहर संदेश सकता सकते सब सभी समय साथ सुबह
से स्टेशन हम हमारा हमारे हमें हाँ हिंदी हिन्दी ही हुआ हुई हुए हूँ हूं हे है हैं हो होगा होता होती होते होना
""",
        "mr": """
अगदी अजून अनेक असते असतो असे आज आणि आता आपण आपला आपले आपल्या आमचा आमच्या आम्ही आहात आहे आहेत आहेस इथे एक ऑर्डरबद्दल
कधी करणे करत करतो करा करायचे कशी कसा कसे काम काय काल किंवा किती की कुठे केला केली केले कोण खूप गेला गेले घर चांगला
चांगले चुकीचा जर जा जाते जातो जे झाला झाली झाले तर तरी तिथे तिला ती तुझा तुझे तुमचा तुमची तुमचे तुमच्या तुम्हाला
तुम्ही तू ते तो त्या त्यांना त्याला दिवस दोन धन्यवाद नंतर नमस्कार नवीन नाव नाही पण पाणी पाहिजे पुन्हा फक्त बद्दल मग
मध्ये मराठी मला माझा माझी माझे माझ्या मित्र मी म्हणजे म्हणाला म्हणून या यांनी येते येथे रात्री लोक वाजता वाजले वेळ शहर
सकाळ सर्व सांगा साठी सुद्धा हवे हा ही हे होता होती होते होय
""",
        "ne": """
अनि अब अरू आज आफ्नो आयो उनको उनी एउटा एक कति कसरी कस्तो कहाँ काम किन कुन के को गरेको गर्छ गर्छन् गर्न गर्नुहोस् गर्ने
घर छ छन् छु छैन छौ जब जस्तो जान्छ जुन त तपाईं तपाईंको तपाईंलाई तर तिमी तिम्रो त्यो थियो दिन दिनुहोस् दुई धन्यवाद
नमस्ते नयाँ नाम ने नेपाल नेपाली पछि पनि पानी बाट भएको भने भन्दा भयो म मलाई मा मेरो यस यस्तो यहाँ यो रात राम्रो रे लाई
लागि ले वा संग सन्देश सबै समय साथी सुप्रभात हजुर हरू हामी हाम्रो हुन हुने हुन्छ हो होइन
""",
    },
}
