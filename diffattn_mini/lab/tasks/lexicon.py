"""The words of the translation task, every Romanian form written out by hand: no rule guesses a declension."""

from dataclasses import dataclass

Forms = tuple[str, ...]


@dataclass(frozen=True)
class Noun:
    """A noun in both languages.

    kind: what it names, which decides where it makes sense. gender: "m", "f" or "n" (neuter: masculine in the singular,
    feminine in the plural). Forms in pairs, singular and plural: bare, with the definite suffix, and the suffixed form
    of the genitive and dative.
    """

    kind: str
    gender: str
    english: Forms
    bare: Forms
    definite: Forms
    oblique: Forms  # genitive and dative, definite: "fetei", "fetelor"

    def form(self, plural: bool, suffixed: bool, oblique: bool) -> str:
        """The Romanian form. Without a suffix, only a feminine singular shows the case: "o fată", "unei fete"."""
        if suffixed:
            return (self.oblique if oblique else self.definite)[plural]
        return self.bare[plural or (oblique and self.gender == "f")]

    def agreement(self, plural: bool, oblique: bool = False) -> int:
        """Which of an adjective's four forms goes with it."""
        if self.gender == "f":
            return FEMININE_PLURAL if plural or oblique else FEMININE
        return (MASCULINE_PLURAL if self.gender == "m" else FEMININE_PLURAL) if plural else MASCULINE


@dataclass(frozen=True)
class Verb:
    """A verb in the present: English base and third person, and Romanian for "eu", "tu", "el", "noi", "voi", "ei".

    subjects and objects: the kinds of nouns it goes with; no objects for a verb that takes none.
    """

    english: Forms
    romanian: Forms
    subjects: frozenset[str]
    objects: frozenset[str]


@dataclass(frozen=True)
class Adjective:
    """forms: masculine, feminine, masculine plural, feminine plural. kinds: the nouns it makes sense with."""

    forms: Forms
    kinds: frozenset[str]


MASCULINE, FEMININE, MASCULINE_PLURAL, FEMININE_PLURAL = range(4)

# English | gender | singular: bare, definite, genitive and dative | plural: the same three
NOUN_TABLES = {
    "person": """
        boy boys | m | băiat băiatul băiatului | băieți băieții băieților
        girl girls | f | fată fata fetei | fete fetele fetelor
        man men | m | bărbat bărbatul bărbatului | bărbați bărbații bărbaților
        woman women | f | femeie femeia femeii | femei femeile femeilor
        child children | m | copil copilul copilului | copii copiii copiilor
        mother mothers | f | mamă mama mamei | mame mamele mamelor
        father fathers | m | tată tatăl tatălui | tați tații taților
        sister sisters | f | soră sora surorii | surori surorile surorilor
        brother brothers | m | frate fratele fratelui | frați frații fraților
        daughter daughters | f | fiică fiica fiicei | fiice fiicele fiicelor
        son sons | m | fiu fiul fiului | fii fiii fiilor
        grandmother grandmothers | f | bunică bunica bunicii | bunici bunicile bunicilor
        grandfather grandfathers | m | bunic bunicul bunicului | bunici bunicii bunicilor
        friend friends | m | prieten prietenul prietenului | prieteni prietenii prietenilor
        neighbour neighbours | m | vecin vecinul vecinului | vecini vecinii vecinilor
        teacher teachers | m | profesor profesorul profesorului | profesori profesorii profesorilor
        student students | m | student studentul studentului | studenți studenții studenților
        doctor doctors | m | doctor doctorul doctorului | doctori doctorii doctorilor
        painter painters | m | pictor pictorul pictorului | pictori pictorii pictorilor
        poet poets | m | poet poetul poetului | poeți poeții poeților
        baker bakers | m | brutar brutarul brutarului | brutari brutarii brutarilor
        gardener gardeners | m | grădinar grădinarul grădinarului | grădinari grădinarii grădinarilor
        king kings | m | rege regele regelui | regi regii regilor
        queen queens | f | regină regina reginei | regine reginele reginelor
    """,
    "animal": """
        dog dogs | m | câine câinele câinelui | câini câinii câinilor
        cat cats | f | pisică pisica pisicii | pisici pisicile pisicilor
        horse horses | m | cal calul calului | cai caii cailor
        cow cows | f | vacă vaca vacii | vaci vacile vacilor
        goat goats | f | capră capra caprei | capre caprele caprelor
        bird birds | f | pasăre pasărea păsării | păsări păsările păsărilor
        wolf wolves | m | lup lupul lupului | lupi lupii lupilor
        bear bears | m | urs ursul ursului | urși urșii urșilor
        fox foxes | f | vulpe vulpea vulpii | vulpi vulpile vulpilor
        mouse mice | m | șoarece șoarecele șoarecelui | șoareci șoarecii șoarecilor
        frog frogs | f | broască broasca broaștei | broaște broaștele broaștelor
        bee bees | f | albină albina albinei | albine albinele albinelor
    """,
    "text": """
        book books | f | carte cartea cărții | cărți cărțile cărților
        letter letters | f | scrisoare scrisoarea scrisorii | scrisori scrisorile scrisorilor
        newspaper newspapers | n | ziar ziarul ziarului | ziare ziarele ziarelor
        story stories | f | poveste povestea poveștii | povești poveștile poveștilor
        poem poems | f | poezie poezia poeziei | poezii poeziile poeziilor
    """,
    "food": """
        apple apples | n | măr mărul mărului | mere merele merelor
        pear pears | f | pară para perei | pere perele perelor
        cherry cherries | f | cireașă cireașa cireșei | cireșe cireșele cireșelor
        orange oranges | f | portocală portocala portocalei | portocale portocalele portocalelor
        nut nuts | f | nucă nuca nucii | nuci nucile nucilor
        egg eggs | n | ou oul oului | ouă ouăle ouălor
        cake cakes | n | tort tortul tortului | torturi torturile torturilor
        loaf loaves | f | pâine pâinea pâinii | pâini pâinile pâinilor
    """,
    "thing": """
        chair chairs | n | scaun scaunul scaunului | scaune scaunele scaunelor
        table tables | f | masă masa mesei | mese mesele meselor
        bed beds | n | pat patul patului | paturi paturile paturilor
        box boxes | f | cutie cutia cutiei | cutii cutiile cutiilor
        door doors | f | ușă ușa ușii | uși ușile ușilor
        window windows | f | fereastră fereastra ferestrei | ferestre ferestrele ferestrelor
        key keys | f | cheie cheia cheii | chei cheile cheilor
        lamp lamps | f | lampă lampa lămpii | lămpi lămpile lămpilor
        pencil pencils | n | creion creionul creionului | creioane creioanele creioanelor
        flower flowers | f | floare floarea florii | flori florile florilor
        hat hats | f | pălărie pălăria pălăriei | pălării pălăriile pălăriilor
        shirt shirts | f | cămașă cămașa cămășii | cămăși cămășile cămășilor
        dress dresses | f | rochie rochia rochiei | rochii rochiile rochiilor
        shoe shoes | m | pantof pantoful pantofului | pantofi pantofii pantofilor
        clock clocks | n | ceas ceasul ceasului | ceasuri ceasurile ceasurilor
        bicycle bicycles | f | bicicletă bicicleta bicicletei | biciclete bicicletele bicicletelor
        glass glasses | n | pahar paharul paharului | pahare paharele paharelor
        bottle bottles | f | sticlă sticla sticlei | sticle sticlele sticlelor
        knife knives | n | cuțit cuțitul cuțitului | cuțite cuțitele cuțitelor
        ring rings | n | inel inelul inelului | inele inelele inelelor
        gift gifts | n | cadou cadoul cadoului | cadouri cadourile cadourilor
        stone stones | f | piatră piatra pietrei | pietre pietrele pietrelor
        painting paintings | n | tablou tabloul tabloului | tablouri tablourile tablourilor
        toy toys | f | jucărie jucăria jucăriei | jucării jucăriile jucăriilor
        ball balls | f | minge mingea mingii | mingi mingile mingilor
    """,
    "place": """
        house houses | f | casă casa casei | case casele caselor
        garden gardens | f | grădină grădina grădinii | grădini grădinile grădinilor
        city cities | n | oraș orașul orașului | orașe orașele orașelor
        village villages | n | sat satul satului | sate satele satelor
        school schools | f | școală școala școlii | școli școlile școlilor
        forest forests | f | pădure pădurea pădurii | păduri pădurile pădurilor
        room rooms | f | cameră camera camerei | camere camerele camerelor
        kitchen kitchens | f | bucătărie bucătăria bucătăriei | bucătării bucătăriile bucătăriilor
        shop shops | n | magazin magazinul magazinului | magazine magazinele magazinelor
        church churches | f | biserică biserica bisericii | biserici bisericile bisericilor
        castle castles | n | castel castelul castelului | castele castelele castelelor
        tower towers | n | turn turnul turnului | turnuri turnurile turnurilor
        bridge bridges | n | pod podul podului | poduri podurile podurilor
        street streets | f | stradă strada străzii | străzi străzile străzilor
        river rivers | n | râu râul râului | râuri râurile râurilor
        mountain mountains | m | munte muntele muntelui | munți munții munților
        tree trees | m | copac copacul copacului | copaci copacii copacilor
    """,
}

# English: base, third person | Romanian, in the order of the pronouns | subjects | objects
TRANSITIVE_TABLE = """
    read reads | citesc citești citește citim citiți citesc | person | text
    write writes | scriu scrii scrie scriem scrieți scriu | person | text
    eat eats | mănânc mănânci mănâncă mâncăm mâncați mănâncă | person animal | food
    see sees | văd vezi vede vedem vedeți văd | person animal | animal text food thing place
    find finds | găsesc găsești găsește găsim găsiți găsesc | person animal | text food thing
    seek seeks | caut cauți caută căutăm căutați caută | person animal | text food thing
    lose loses | pierd pierzi pierde pierdem pierdeți pierd | person | text thing
    keep keeps | păstrez păstrezi păstrează păstrăm păstrați păstrează | person | text thing
    want wants | vreau vrei vrea vrem vreți vor | person | text food thing
    buy buys | cumpăr cumperi cumpără cumpărăm cumpărați cumpără | person | animal text food thing
    sell sells | vând vinzi vinde vindem vindeți vând | person | animal text food thing
    draw draws | desenez desenezi desenează desenăm desenați desenează | person | animal food thing place
    wash washes | spăl speli spală spălăm spălați spală | person | food thing
    hide hides | ascund ascunzi ascunde ascundem ascundeți ascund | person animal | text food thing
"""
GIVING_TABLE = """
    give gives | dau dai dă dăm dați dau | person | text food thing
    show shows | arăt arăți arată arătăm arătați arată | person | animal text food thing
    send sends | trimit trimiți trimite trimitem trimiteți trimit | person | text food thing
    bring brings | aduc aduci aduce aducem aduceți aduc | person | text food thing
    offer offers | ofer oferi oferă oferim oferiți oferă | person | text food thing
"""
INTRANSITIVE_TABLE = """
    sleep sleeps | dorm dormi doarme dormim dormiți dorm | person animal |
    run runs | alerg alergi aleargă alergăm alergați aleargă | person animal |
    wait waits | aștept aștepți așteaptă așteptăm așteptați așteaptă | person animal |
    stay stays | rămân rămâi rămâne rămânem rămâneți rămân | person animal |
    walk walks | merg mergi merge mergem mergeți merg | person animal |
    jump jumps | sar sari sare sărim săriți sar | person animal |
    dream dreams | visez visezi visează visăm visați visează | person animal |
    sing sings | cânt cânți cântă cântăm cântați cântă | person |
    work works | lucrez lucrezi lucrează lucrăm lucrați lucrează | person |
    laugh laughs | râd râzi râde râdem râdeți râd | person |
    cry cries | plâng plângi plânge plângem plângeți plâng | person |
    smile smiles | zâmbesc zâmbești zâmbește zâmbim zâmbiți zâmbesc | person |
    dance dances | dansez dansezi dansează dansăm dansați dansează | person |
"""

# English | masculine, feminine, masculine plural, feminine plural | what it goes with
ADJECTIVE_TABLE = """
    red | roșu roșie roșii roșii | food thing
    green | verde verde verzi verzi | food thing
    yellow | galben galbenă galbeni galbene | food thing
    blue | albastru albastră albaștri albastre | thing
    white | alb albă albi albe | animal thing place
    black | negru neagră negri negre | animal thing
    big | mare mare mari mari | animal food thing place
    small | mic mică mici mici | animal food thing place
    beautiful | frumos frumoasă frumoși frumoase | person animal text thing place
    good | bun bună buni bune | person text food
    old | vechi veche vechi vechi | text thing place
    new | nou nouă noi noi | text thing place
    young | tânăr tânără tineri tinere | person animal
    tall | înalt înaltă înalți înalte | person
    clever | isteț isteață isteți istețe | person animal
    happy | fericit fericită fericiți fericite | person animal
    sad | trist tristă triști triste | person text
    tired | obosit obosită obosiți obosite | person animal
    quiet | tăcut tăcută tăcuți tăcute | person animal
    brave | curajos curajoasă curajoși curajoase | person animal
    strong | puternic puternică puternici puternice | person animal
    rich | bogat bogată bogați bogate | person
    poor | sărac săracă săraci sărace | person
    long | lung lungă lungi lungi | text
    short | scurt scurtă scurți scurte | text
    interesting | interesant interesantă interesanți interesante | text
    heavy | greu grea grei grele | thing
    light | ușor ușoară ușori ușoare | thing
    expensive | scump scumpă scumpi scumpe | food thing
    sweet | dulce dulce dulci dulci | food
    cold | rece rece reci reci | food place
    clean | curat curată curați curate | thing place
    dirty | murdar murdară murdari murdare | thing place
"""

# Subject: English, Romanian, person (0..5, in this order), agreement of what is said about it (or None).
PRONOUNS = {
    "I": ("eu", 0, None),
    "you": ("tu", 1, None),
    "he": ("el", 2, MASCULINE),
    "she": ("ea", 2, FEMININE),
    "we": ("noi", 3, MASCULINE_PLURAL),
    "you all": ("voi", 4, MASCULINE_PLURAL),
    "they": ("ei", 5, MASCULINE_PLURAL),
}
# Recipient: English, Romanian, person.
RECIPIENTS = {
    "me": ("îmi", 0),
    "you": ("îți", 1),
    "him": ("îi", 2),
    "her": ("îi", 2),
    "us": ("ne", 3),
    "you all": ("vă", 4),
    "them": ("le", 5),
}
TO_BE = (("am", "are", "is", "are", "are", "are"), ("sunt", "ești", "este", "suntem", "sunteți", "sunt"))

# Romanian determiners in the four agreements, and in the genitive and dative: masculine, feminine, plural.
DETERMINERS = {
    "a": (("un", "o"), ("unui", "unei")),
    "some": (("", "", "niște", "niște"), ("", "", "unor", "unor")),
    "this": (("acest", "această"), ("acestui", "acestei")),
    "these": (("", "", "acești", "aceste"), ("", "", "acestor", "acestor")),
    "two": (("", "", "doi", "două"), None),
    "three": (("", "", "trei", "trei"), None),
    "many": (("", "", "mulți", "multe"), None),
}
PLURAL_DETERMINERS = {"some", "these", "two", "three", "many"}
POSSESSIVE_ARTICLES = ("al", "a", "ai", "ale")  # masculine, feminine, masculine plural, feminine plural

# Which places each preposition goes with.
PREPOSITIONS = {
    "in": ("în", "house garden city village school forest room kitchen shop church castle tower"),
    "on": ("pe", "chair table bed bridge street mountain"),
    "under": ("sub", "chair table bed bridge tree"),
    "near": ("lângă", "house garden village school forest shop church castle tower bridge river mountain tree"),
}
# Nouns that somebody can have, besides animals, texts, food and things.
RELATIONS = "mother father sister brother daughter son grandmother grandfather friend neighbour teacher doctor"
OWNED = {*RELATIONS.split(), "house", "garden", "room", "kitchen", "castle", "shop"}
ADVERBS = {"today": "azi", "now": "acum", "here": "aici", "there": "acolo", "again": "din nou", "often": "adesea"}
CONNECTIVES = {"and": "și", ", but": ", dar", "because": "fiindcă", "while": "în timp ce"}


def _rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def _noun(kind: str, english: str, gender: str, singular: str, plural: str) -> Noun:
    forms = zip(singular.split(), plural.split(), strict=True)
    return Noun(kind, gender, tuple(english.split()), *forms)


def _verbs(table: str) -> dict[str, Verb]:
    verbs = {}
    for english, romanian, subjects, objects in _rows(table):
        kinds = frozenset(subjects.split()), frozenset(objects.split())
        verbs[english.split()[0]] = Verb(tuple(english.split()), tuple(romanian.split()), *kinds)
    return verbs


NOUNS = {row[0].split()[0]: _noun(kind, *row) for kind, table in NOUN_TABLES.items() for row in _rows(table)}
TRANSITIVE, GIVING, INTRANSITIVE = map(_verbs, (TRANSITIVE_TABLE, GIVING_TABLE, INTRANSITIVE_TABLE))
VERBS = TRANSITIVE | GIVING | INTRANSITIVE
ADJECTIVES = {
    english: Adjective(tuple(forms.split()), frozenset(kinds.split()))
    for english, forms, kinds in _rows(ADJECTIVE_TABLE)
}


def english_words() -> set[str]:
    """Every English word that a sentence may hold."""
    words = {*ADJECTIVES, *DETERMINERS, *PREPOSITIONS, *ADVERBS, *TO_BE[0], "the", "an", "very", "of", "do", "does"}
    phrases = [*PRONOUNS, *RECIPIENTS, *CONNECTIVES]
    forms = [form for entry in (*NOUNS.values(), *VERBS.values()) for form in entry.english]
    return words | {"not", "."} | {word for phrase in phrases for word in phrase.split()} | set(forms)


def romanian_words() -> set[str]:
    """Every Romanian word that a sentence may hold."""
    words = {"nu", "foarte", "într-un", "într-o", ".", *POSSESSIVE_ARTICLES, *TO_BE[1]}
    words |= {preposition for preposition, _ in PREPOSITIONS.values()}
    words |= {entry[0] for entry in (*PRONOUNS.values(), *RECIPIENTS.values())}
    phrases = [*CONNECTIVES.values(), *ADVERBS.values()]
    words |= {word for phrase in phrases for word in phrase.split()}
    words |= {form for cases in DETERMINERS.values() for forms in cases if forms for form in forms if form}
    words |= {form for noun in NOUNS.values() for form in (*noun.bare, *noun.definite, *noun.oblique)}
    words |= {form for verb in VERBS.values() for form in verb.romanian}
    return words | {form for adjective in ADJECTIVES.values() for form in adjective.forms}
