"""Words around company names: legal forms, and what stands beside them.

The legal forms are `cleanco`'s term lists, sorted by how much a word has to look like one before it goes, plus forms
that the lists lack. A term is compared by its letters and digits alone: `S.à r.l.` is `sarl`.
"""

from __future__ import annotations

from cleanco.termdata import terms_by_country, terms_by_type

from app.text._listed import listed
from app.text.values import fold

CLEANCO = frozenset(
    "".join(char for char in fold(term) if char.isalnum())
    for terms in (*terms_by_type.values(), *terms_by_country.values())
    for term in terms
)

# Terms of cleanco's that names are made of: Fast Company, Co-op, Adventures Unlimited.
ORDINARY_WORDS = listed(
    """
    company andcompany private coop koop etat ent coopent scop scoop unlimited unltd ultd obrt sogepa smba amba peec
    scop sem sep uk ok us aat at 3at 3ao aj akc cpt cia dat ei ep fa fie fop gie gte oaj ong pse psu qmj ses ss tov
    vat
    """
)

# Further forms. Those written as several words are compared as one.
MORE_FORMS = listed(
    """
    oyab pltd plimited mbh ggmbh gmbhco secoohg stiftungcokg berhad sdnberhad aktiengesellschaft sociedadanonima
    sociedadlimitada societeanonyme aktiebolag osakeyhtio naamlozevennootschap beslotenvennootschap limitada eireli
    ltdame eirelime gesellschaftmitbeschrankterhaftung kommanditgesellschaft societaperazioni partnerschaftmbb
    wirtschaftsprufungsgesellschaft steuerberatungsgesellschaft rechtsanwaltsgesellschaft wpg gesmbh gmbhcokgaa
    gmbhcoohg agcokg agcokgaa secokg secokgaa ugcokg ggmbhcokg partgmbb partmbb ekfr ekfm ughaftungsbeschrankt
    haftungsbeschrankt cyf ptylimited proprietarylimited ptelimited privatelimited privateltd pvtlimited pvt pty coltd
    colimited coltda cola publiclimitedcompany limitedliabilitycompany limitedliabilitypartnership sapidecv sabdecv
    srldecv sderldecv sdecv sofomenr besloten asbl selarl selas slu sll sau sac srls scarl scrls soccoop spzoosk
    spzookomandytowa sarlu kgaa eingetragenerverein pjsc jsc ojsc cjsc psc qsc wll fze fzco fzllc dmcc dwcllc pjs tbk
    unternehmergesellschaft unternehmergesellschafthaftungsbeschrankt kdor sociedadlimitadaunipersonal cialtda ssltda
    enkeltpersonforetak ekonomiskforening ekfor smpc singlememberpc singlememberllc singlemembersa singlememberike
    μονικε μονεπε μοναε μονοπροσωπηικε μονοπροσωπηαε μονοπροσωπηεπε bscc bscclosed kscp
    jointstockcompany openjointstockcompany closedjointstockcompany publicjointstockcompany publiccompanylimited
    proprietaryltd unlimitedcompany teoranta scorp ccorp egbr vvag einzelunternehmen einzelfirma sarls sicavraif
    sicavsif soccooparl societacooperativaarl sasbic osuuskunta druzstvo nonprofitkft nonprofitzrt egyenivallalkozo
    srld llcfz
    sarlunipersonnelle unipersonnelle privatelimitedcompany
    limitedliabilityco ltdliabilityco eenmanszaak samvirkeforetak kommanditaktieselskab partnerselskab
    unipersonal
    opcprivatelimited opcpvtltd unipessoallda unipessoallimitada sociedadeunipessoallda unipersonale asociounico
    consociounico societabenefit gesellschaftmbh gemeinnutzigegmbh gemeinnutzigeag gemeinnutzigeugmbh
    spolkazograniczonaodpowiedzialnoscia spolkaakcyjna spolkajawna spolkakomandytowa spolkacywilna prostaspolkaakcyjna
    akciovaspolecnost akciovaspolocnost spolecnostsrucenimomezenym spolocnostsrucenimobmedzenym
    korlatoltfelelossegutarsasag betetitarsasag zartkoruenmukodoreszvenytarsasag nyilvanosanmukodoreszvenytarsasag
    drustvosogranicenomodgovornoscu dionickodrustvo drustvozomejenoodgovornostjo delniskadruzba
    societatecuraspunderelimitata societatepeactiuni akciniabendrove uzdarojiakcinebendrove osauhing aktsiaselts
    kommandiittiyhtio avoinyhtio aksjeselskap allmennaksjeselskap hlutafelag einkahlutafelag
    sociedadeanonima sociedadelimitada sociedadderesponsabilidadlimitada sociedadporaccionessimplificada
    sociedadanonimadecapitalvariable sociedadanonimacerrada sociedadanonimaunipersonal
    societaaresponsabilitalimitata societainnomecollettivo societainaccomanditasemplice societacooperativa
    societearesponsabilitelimitee societeparactionssimplifiee societeennomcollectif societecooperative
    kabushikikaisha kabushikigaisha godokaisha yugenkaisha eingetragenegenossenschaft eingetragenerkaufmann
    eingetragenekauffrau offenehandelsgesellschaft kommanditgesellschaftaufaktien limitedsirketi
    vennootschaponderfirma cooperatieveua commanditairevennootschap saoc saog qpsc kscc fzllc fzcllc freezonellc
    soleproprietorshipllc companywll limitedcompany professionalcorporation professionallimitedliabilitycompany
    professionalassociation sociedadcivil
    limitedpartnership limitedliabilitylimitedpartnership benefitcorporation publicbenefitcorporation
    communityinterestcompany designatedactivitycompany unlimitedliabilitycompany companylimitedbyguarantee gemgmbh
    ltee limitee jdoo spolkazoo aktieselskab anpartsselskab interessentskab kommanditbolag handelsbolag
    verenigingzonderwinstoogmerk ltdsti anonimsirketi sanvetic doo dooel ltdd eood kkt abpubl publ stiftung ltdco incco
    """
) - {"cola", "stiftung", "ltdd", "pjs", "besloten"}

# Turkish firms name industry and trade in their form: San. ve Tic. Ltd. Şti.
TURKISH = frozenset(
    f"{industry}{trade}{form}"
    for industry in ("", "san", "sanve", "sanayi", "sanayive")
    for trade in ("tic", "ticaret")
    for form in ("as", "ltd", "ltdsti", "anonimsirketi", "limitedsirketi")
)

# Short words and initials: a form only in capitals (or the exact spelling of SPELT), behind a name.
CAPITALS_ONLY = listed(
    "ag ab as sa se kg ug lp asa scs sca snc sas spa pte ohg og vof kk sac sal sae bm sl gk aps hf ad dd plc"
    " pbc dac ulc clg sia hb kb ood ead cic vzw gie epe nuf kda esv iks rhf xxk tdv kft kht ohf"
    " scop ans ike spc fze fzc sci ivzw ivs pcl npc pfa uc lc opc"
)
SPELT = frozenset(
    (
        *(
            "eG",
            "e.V.",
            "eV",
            "e.K.",
            "eK",
            "SpA",
            "SpÁ",
            "oHG",
            "OÜ",
            "Oü",
            "mbH",
            "mbB",
            "ApS",
            "hf",
            "hf.",
            "e.G.",
            "Pte",
        ),
        *("Ky", "Tmi", "T:mi", "Bt.", "Bt", "Rt.", "Kht.", "vzw", "VZW", "e.c.", "ohf.", "ohf", "ses.", "S.Coop"),
        *("S.Coop.", "s.p.", "Ad.", "Snc", "Sas", "Scrl", "Oy", "OY", "Ab", "k.d.", "A.m.b.A.", "A.M.B.A.", "F.M.B.A."),
        *("obrt", "snc", "Aps", "VoF", "Vof", "Ay", "Pte.", "Cyf", "Cyf.", "Teo", "Teo.", "r.V.", "o.p.s."),
        *("AöR", "aöR", "Est.", "EST.", "slf.", "z.s.", "z. s.", "a.G."),
        *("ry", "r.y.", "Osk", "Osk.", "osk", "Şti.", "Şti"),
    )
)
SURE_SHORT = listed(
    "ltd llc inc llp plc pllc srl sro doo kft zrt ehf bhd oyj uab ooo gbr bv nv oy spj spk corp zao oao pao"
    " ctcp tbk l3c lda wll fze psc qsc jsc pvt pty mbh kkt slu sll sau"
)

SLASHED = frozenset(("is", "ks", "ps", "as", "va", "pl"))
"""Forms that are sure with their slash: Danish I/S, K/S, P/S, A/S, Australian P/L."""

CYRILLIC = listed("ооо оао пао зао ао оод еоод ад еад тов тоо чп пат прат фоп жшс доо ано чао ет тзов")  # noqa: RUF001
"""Russian, Bulgarian, Ukrainian, Kazakh, Serbian."""

OTHER_SCRIPTS = CYRILLIC | listed("αε οε εε επε ικε αεβε בעמ ذمم شمم شمل شمع المحدودة შპს სს սպը փբը")
"""Greek, Hebrew, Arabic, Georgian, Armenian forms as well, behind a name."""

# With full stops or a slash in it, a form in any letters: `s.a.`, `A/S`, `P.C.`.
DOTTED = (
    CLEANCO
    | MORE_FORMS
    | listed(
        "ua ao esp pa pc ps sa sl sc scp scom os ae oe ee ek ev eg jdoo na amba fmba fhu phu pphu ppuh psa bsc slp ac"
        " lc sec cb"
    )
) - (ORDINARY_WORDS | listed("sf et ec sp da ba bl bm pp ps ik is us sd at ei ep es ce"))
ANYHOW = (
    frozenset(key for key in CLEANCO | MORE_FORMS | TURKISH if len(key) > 3) - ORDINARY_WORDS - CAPITALS_ONLY  # noqa: PLR2004
) | SURE_SHORT
SMALL_TOO = listed("ag ab sa kg plc llc")
"""Of the short ones, those that go in a name written small throughout as well: `siemens ag`."""

BRANCHES = listed(
    "zweigniederlassung niederlassung avd avdeling filial branch succursale sucursal oddzial pobocka podruznica"
)
"""What stands between a form and the town of a branch: `Acme AS avd Oslo`."""

PROFESSIONALS = listed(
    "associates partners law dental attorneys lawyers physicians bank pediatrics dentistry orthodontics medical"
)
"""Words that a firm of professionals ends in, so that PC behind them is a form."""

BEHIND_A_COMMA = listed("pc pa ps apc apa psc pt cv na")
"""Forms of American professional firms: initials of other things, unless a comma parts them from the name."""

LONGEST_FORM = 5
"""Words that one form may have: Gesellschaft mit beschränkter Haftung is not among them, S. de R.L. de C.V. is."""


FORMS_IN_FRONT = (
    listed(
        "ooo zao oao pao sarl eurl sasu ou oy eood ctcp aktiebolaget osauhing aktsiaselts firma ип"
        " fhu phu pphu ppuh puh zphu fuh fhup gmbh ggmbh"
    )
    | CYRILLIC
)
FORMS_BEFORE_TWO = listed("uab sia as pt mb llc jsc ojsc cjsc pjsc ctcp ood oy tov too cv ud")
"""In front of two words or more; before one they may be initials: PT Solutions."""

FORMS_BEFORE_ONE = listed("uab sia pt vof as mb llc")
"""In front of a single word as well, unless it is one that English firms are called by: SIA Partners."""

TRADES = listed(
    """
    partners medicine solutions group fitness consulting services health hospital engineering institute advisors
    capital systems insurance school university college foundation club studio media design clinic therapy works
    center centre network networks global international technologies technology tech labs lab energy motors power
    security software digital agency associates association company financial management marketing construction
    logistics transport travel tours airport cargo engineers training academy education industries holdings holding
    enterprises ventures products supply rehab wellness physio cruiser plus one aerospace realty plumbing roofing watson
    roma monaco cannes saint-étienne nancy trencin colour color bank homes properties foods
    """
)
DOTTED_IN_FRONT = frozenset(("PT.", "CV.", "A/S", "N.V.", "S.A.", "S.R.L.", "S.r.l.", "S.A.S.", "S.p.A.", "S.P.A."))
"""Forms that are sure in front of any name with their full stops or slash."""

WRITTEN_IN_FRONT = frozenset(
    ("GmbH", "gGmbH", "Oy", "O\u00fc", "As", "Aktiebolaget", "Osa\u00fching", "Aktsiaselts", "Firma")
)
"""Forms in front that are seldom written in capitals."""

ADDRESSED = frozenset(
    (
        "Fa.",
        "M/s",
        "M/s.",
        "M/S",
        "M/S.",
        "Messrs",
        "Messrs.",
        "Ditta",
        "B.V.",
        "T:mi",
        "Tmi",
        "I\u012e",
        "V\u0161\u012e",
        "V\u0160\u012e",
    )
)
"""What letters and ledgers put in front of a firm's name in Germany and India."""

FORMS_BEFORE_QUOTES = frozenset(("uab", "sia", "as", "ao", "ab", "llc", "jsc", "ojsc", "cjsc", "pjsc", "ltd", "too"))
EASTERN_FORMS = (
    "股份有限公司",
    "有限責任公司",
    "有限责任公司",
    "有限公司",
    "株式会社",
    "合同会社",
    "有限会社",
    "(株)",
    "(有)",
    "合資会社",
    "合名会社",
    "股份公司",
    "(유)",
    "一般社団法人",
    "一般財団法人",
    "公益社団法人",
    "公益財団法人",
    "医療法人",
    "学校法人",
    "社会福祉法人",
    "사단법인",
    "재단법인",
    "㈱",
    "㈲",
    "주식회사",
    "(주)",
    "㈜",
    "유한회사",
)

NEVER_ALONE = listed(
    """
    the a an le la les el los las il lo der die das de het den and of group holding holdings company international
    global services solutions co my our your & + - new first good big best great little small
    """
)
"""What a name may not be cut down to: The Limited, The Company Ltd."""

LOOSE_ENDS = frozenset(("&", "+", "and", "de", "und", "et", "y", "e", "-", "\u2013", ",", "en", "og", "och", "ve"))


WORLD_REGIONS = frozenset(
    (
        *(
            "emea",
            "apac",
            "dach",
            "latam",
            "benelux",
            "nordics",
            "nordic",
            "europe",
            "eu",
            "asia",
            "africa",
            "americas",
        ),
        *("north america", "south america", "latin america", "middle east", "asia pacific", "mena", "cee", "anz"),
        *("international", "global", "worldwide", "uk", "scandinavia", "baltics", "iberia", "oceania", "gcc"),
    )
)
"""Parts of the world that companies say they are in, folded."""

EMPLOYED_BY_NOBODY = frozenset(
    """
    self-employed|self employed|selfemployed|freelance|freelancer|freelancing|independent|independent consultant
    |consultant|contractor|unemployed|retired|student|none|n/a|career break|stealth|stealth startup|stealth mode
    |stealth mode startup|stealth company|stealth start-up|stealth mode start-up|stealth ai startup
    |in stealth|in stealth mode|confidential|confidential company|private|various|seeking new opportunities
    |open to work|looking for opportunities|myself|me|self|home|homemaker|zzp|selbstständig|selbständig|autónomo
    |autonomo|indépendant|independant|freiberuflich|freiberufler|sabbatical|not applicable|not specified|undisclosed
    """.replace("\n", "")
    .replace("    ", "")
    .split("|")
)

NO_PERSON_DOTTED = listed("sa spa srl sl slu sas bv nv ag kg ohg oo kk as is se plc")
"""Forms that end no person's name where full stops or a slash mark them: S.A., Sp. z o.o., A/S."""

NO_PERSON_CAPITALS = frozenset(("AG", "KG", "OHG", "BV", "NV", "PLC", "KGaA", "SpA", "ApS", "OÜ", "Oy"))
"""The same in exactly these letters."""

FIRM_UNLESS_GIVEN = frozenset(("AB", "AS", "SA", "SAS", "SL"))
"""Forms behind a word that is nobody's given name; behind one they are initials or a surname: Luiz SA."""

NO_PERSON = listed(
    "gmbh ggmbh mbh llc inc ltd limited plc sarl srl corp corporation incorporated pty pvt spzoo sro doo kft oyj bvba"
    " aktiengesellschaft sdnbhd bhd pllc llp lda ltda gmbhco eurl sasu zrt ehf aps"
    " group solutions technologies holdings services systems industries enterprises logistics agency"
    " studios foundation team"
)
"""Forms that end no person's name, in whatever case."""
