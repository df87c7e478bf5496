"""Words that stand around people's names, and how some names are written: the lists behind `names.py`.

Post-nominals come from `nameparser`'s vocabulary, which knows some 640; the lists here add what LinkedIn profiles and
CRM exports carry besides, and say which of them may as well be somebody's surname.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from nameparser import Lexicon

from app.text._listed import listed

LEXICON = Lexicon.default()

# Degrees, licences, certificates, memberships and offices that are nobody's name, however they are written.
SURE_CREDENTIALS = listed(
    """
    phd dphil mphil edd dba mba emba imba bba msc bsc mres meng beng btech mtech mca bcom mcom bcomm llb llm mph mpa
    mpp mfa bfa msw bsw bsn msn dnp mbbs mbchb mbbch bds dds dmd dvm pharmd psyd drph scd thd rph cpa cma cfa cfp clu
    chfc cissp cisa cism crisc cipp cippe cippus cipm cipt ccsp oscp giac gcih comptia ccna ccnp ccie ccda mcse mcsa
    mcp rhce aws itil prince2 togaf safe pmp pmiacp pmipba capm pgmp pfmp csm cspo csp acsm acspo psm psmi psmii pspo
    cspm spc rte icpacc lssbb lssgb cssbb cssgb ssbb ssgb cqe cqa cre cpim cscp cltd cpsm cpsd mcips fcips sphr phr
    gphr sphri shrmcp shrmscp shrm chrp chrl chre cphr mcipd fcipd acipd assoccipd cipd acca fcca cima acma fcma cgma
    fcma icaew aicpa caia frm prm cams cfe ciia cipfa mrics frics assocrics rics riba leed ncarb aicp asla frsa fcim
    mcim cmgr fcmi cmi fiod obe mbe cbe kbe dbe esq esquire facs facc facp faap fache faan frcp frcs mrcp mrcgp mrcs
    rcn mcmi lcsw lmsw lmft lpc lmhc lcpc bcba rdn ccim sior gri crs cpcu cpc cpcc pcc mcc acc nbchwc cprw ctp ccp crpc
    cpwa cdfa aif ricp cebs phrca chcs cppm cpp cfm fmp ceng ieng miet fiet mice fice pgdip pgce qts pgcert hons bhons
    msccm mscpm macc mtax cpge enp ceo cfo cto cio coo cmo cro chro cpo ciso cdo cco cso cxo gm vp svp evp avp md&ceo
    mciob fciob mcibse fcibse mciht fciht mciwem fciwem mciat mcilt fcilt mcipr fcipr mcieh fcieh mciarb fciarb
    mistructe fistructe mimeche fimeche mrsc frsc mrsb frsb mrtpi frtpi miosh cmiosh fiosh mbcs fbcs mrpharms frpharms
    mrcvs frcvs mbacp mcsp fcsp mbps afbps cphys minstp finstp cchem csci cenv miema techiosh gradiosh mieee smieee
    fcpa gaicd maicd faicd fipa cfre acipm fnse mnse mch mds
    frs frse fba freng fmedsci nlp npdp sahri acsw rncm cmrp cpht rhia rhit cphims peng assoc
    """
)

# Credentials as well, where they are written as such (capitals, or behind a comma); otherwise surnames or given names.
DOUBTFUL_CREDENTIALS = listed(
    """
    ma ba bs ms md do pa pe ca cs ea se jd rn np ot pt ph ed ei si as aa be bed med bsed ace ace-cpt cc aca fca cpm
    cis pmi ssm sa acp asp bem cip cap esg hr it pr ux sme iod re mp msp mos pg cert mai cem cal sra psp pci dis lion
    dip kc
    """
)

SHOUTED_CREDENTIALS = listed("ma ba bs ms md rn np pe jd pt")
"""Of the doubtful ones, those that a name wholly in capitals (or small letters) ends with rather than a surname."""

CREDENTIALS = (frozenset(entry.replace(".", "") for entry in LEXICON.suffix_acronyms) | DOUBTFUL_CREDENTIALS) - {
    "i", "ii", "iii", "iv", "v", "jr", "sr",
}  # fmt: skip

GENERATIONS = {
    "jr": "Jr.",
    "jnr": "Jr.",
    "sr": "Sr.",
    "snr": "Sr.",
    "ii": "II",
    "iii": "III",
    "iv": "IV",
    "2nd": "II",
    "3rd": "III",
    "4th": "IV",
}
"""Suffixes that belong to the name. `V` is one only behind two words, in capitals."""

FAMILY_TAILS = frozenset(("filho", "neto", "junior", "júnior", "sobrinho", "segundo"))
"""Portuguese generations: a part of the surname that never stands alone."""

# Forms of address and academic titles in front of a name, with or without a full stop.
TITLES = listed(
    """
    senator ambassador congressman congresswoman
    dr dra dres prof mr mrs ms mx mister miss missus herr frau fraulein fräulein mme mlle monsieur madame sig sigra
    signora signor dott dottssa dottore dottoressa avv ing. sra srta señor señora sir dame rev revd reverend hon drs
    phdr mudr judr rndr mudr paeddr mgr bc doc csc shri shrimati smt sri-sri engr atty datuk dato dato' datin drmed
    dring drssa profssa dhr mevr mevrouw mw fru frk frøken fröken paní pani panna doç öğr yrd uzm mtro mtra
    arq lcda lcdo licda licdo sayin gospodin gospođa gospa doamna domnul doamnă domnișoara hra puan encik khun kumari
    ustadz ustaz ustadh bpk bapak gng mevrouw meneer juffrouw fröken herra rouva neiti frú härra proua
    kungs kundze ponas ponia domnišoara sn slecna slečna państwo mecenas gospodja gđa gdja
    doña dña dª drª srª profª engª exmª ilmª engº exmo exma ilmo ilma excmo excma egr gentmo gentma spett signorina
    mademoiselle mesdames messieurs müdür abog psic profa inż ybhg shrimathi drjur drphil drrernat
    diplwirting diplvw diplpsych diplinf diplarch diplhdl diplbetrw mgrinz mgrinż mmag ddr
    mvdr thdr pharmdr thlic artd docent dosent civing
    herrn familie eheleute doutor doutora weduwe veuve emeritus üyesi drin maga profin univprofin ingin diplingin
    diplpäd kommr docteur professeur profesor profesora professora professore doktor
    drmult drhc dripling dipling diplkfm diplbw diplinform diplök med habil rernat ernat jur phil hc mult doctor
    professor profdr privdoz univprof pd lic adv capt col lt ltcol sgt maj gen cmdr adm cpt msgt ssgt
    """
) - {"phil", "med", "jur", "doc", "lic", "adv", "col", "gen", "maj", "adm", "lt", "pd", "mult", "hc", "bc", "hon"}

# Offices that are titles before a surname alone as well, and nobody's given name: `Senator` + `Hale`.
TITLES_ALONE = listed(
    """
    captain colonel lieutenant sergeant commander admiral pastor nurse coach rabbi imam councillor councilor
    attorney barrister advokat rechtsanwalt rechtsanwältin hofrat direktor mayor brigadier president chairman
    avocat avvocato abogado abogada advocaat architekt notar steuerberater viscount baroness reverend professor
    doctor engineer
    """
)

# The same in other scripts.
FOREIGN_TITLES = listed(
    """
    г-н г-жа господин госпожа д-р др проф инж доц акад доктор профессор професор пан пані ктн дтн кэн дэн
    κος κα κύριος κυρία δρ καθ
    السيد السيدة الآنسة دكتور دكتورة الدكتور الدكتورة مهندس المهندس المهندسة أستاذ الأستاذ الأستاذة
    الشيخ د. م. أ. أ.د. آقای خانم دکتر מר גב' גברת ד"ר ד״ר דר' פרופ' עו"ד श्री श्रीमती कुमारी डॉ. sayın
    """  # noqa: RUF001 -- Cyrillic, Greek
)

# Titles only where a full stop marks them: without it they are names or initials.
DOTTED_TITLES = listed(
    """
    dent vet agr theol iur ing ir mag arch lic adv capt col lt sgt maj gen cmdr adm hon doc fr br st er eng sr don med
    jur phil habil mult h.c hc rer.nat rer nat pol oec sc techn bc dipl pd priv.-doz lic.iur mag.rer m.a h.e hr av
    dl dna pst bgm dir kum hab inż inz ifj id özv am egr gent spett dt ecz arş müh gov pres cllr ald amb
    stb wp kr bw bi mhe mwl tn hj ts pt ar op gör yrd uzm geom rag cav mej sen rep amb hon fr eng ilmo exmo ks arq m
    """
) - {"st", "br", "fr", "don", "sc", "pol", "m"}

# Titles only where a first and a last name follow: Coach John Smith, but Major Tom and Lady Gaga.
TITLES_BEFORE_TWO = listed(
    """
    sheikh sheikha haji coach nurse pastor father sister bishop imam rabbi chef lord captain colonel major general
    lieutenant sergeant commander admiral senator ambassador judge justice congressman congresswoman minister
    councillor councilor alderman deputy col capt maj gen lt sgt adm cmdr maj.gen brig wing lic ing mag adv ir maître
    maitre prof.dr brigadier wg cdr sqn ldr flt flight maj lieut viscount baroness lady rep gov mayor detective officer
    apostle prophet elder deacon cllr hajj hadji late seri firma toimitusjohtaja
    attorney president alhaji alhaja mwalimu advokat barrister chief engineer evangelist chairman principal premier
    hofrat kommerzialrat regierungsrat medizinalrat stadtrat bürgermeister direktor rechtsanwalt rechtsanwältin
    steuerberater steuerberaterin notar wirtschaftsprüfer architekt abogado abogada avvocato avocat advocaat
    """
)

# Titles only where a given name and a surname follow: `Pan Tomasz Wójcik`, but Pan Wei Ming.
TITLES_BEFORE_GIVEN = listed("dna dl dona bayan me pr pan bay don pak bu ibu tun tuan tan dato baron cik")

# Offices that profiles in some countries put in front (CA Rahul Sharma), written in capitals before a full name.
CAPITAL_TITLES = frozenset(
    (
        "CA",
        "CS",
        "CMA",
        "FCA",
        "ACA",
        "CPA",
        "ICWA",
        "HE",
        "HRH",
        "HH",
        "RA",
        "WP",
        "YB",
        "StB",
        "StBin",
        "RAin",
        "vBP",
        "GF",
        "KTM",
        "DI",
        "MP",
        "CEO",
        "CFO",
        "CTO",
        "COO",
    )
)

PARTICLES = listed(
    """
    van von vom der den de del la las los da das do dos du di della delle degli dei dal dalla ter ten te tot thoe op
    in 't 's 'n zu zum zur und y e i bin ibn bint binti binte av af auf aan het of ap ua nic ó lo v.d. v/d
    abdel abd abdal el ait aït ould oude
    ben ou
    """
)
"""Words that open or join surnames; which of them are written small is `SMALL`."""

SHORTENED_NAMES = listed(
    """
    wm chas geo jos thos alex chr joh benj robt jas edw fred sam ben st mac jr th ph max ma mohd md moh muh
    mhd abd kh sk fco ant jn val ste sta
    """
)
"""Given names that a full stop shortens, as it does titles: Wm. Henry Ford."""

NOBLE = listed("freiherr freifrau freiin graf gräfin fürst fürstin prinz prinzessin baron baronin ritter edler edle")
"""German ranks, which are a part of the surname since 1919 where a particle follows: `Gräfin zu Waldburg`."""

LENITED = listed("ni ní nic uí ui")
"""Irish particles, before a word whose second letter is an h: Ní Bhriain."""

DOUBLED = frozenset(("Ma.", "Mª", "Mª.", "M.ª"))
"""María, shortened: the name goes on with the next word."""

OPEN_SURNAMES = frozenset(("van", "von", "zu", "zum", "zur", "ter", "ten", "tot"))
"""Particles that no given name goes on with, as `do` and `del` do: `Maria do Carmo da Silva`."""

SMALL = listed(
    "van von vom der den de del las los da das do dos du ter ten te tot op 't zu zum zur und y e bin ibn bint av af aan"
)
"""Particles that recasing writes small in the middle of a name. (`Di`, `La`, `Le`, `Della`, `El`, `Al` stand alone as
often capital as small; bearers of such names mostly write them capital.)"""

SORTED_BEHIND = SMALL - listed("do y e te av af und")
"""Of these, what stands behind a surname where names are sorted by it: `Berg, van den`, `Berg van den`."""

ARTICLES = listed("al el abu bu mac mc le lo da di du della st san saint santa")
"""What surnames open with besides particles, told only where the whole surname is in capitals."""

SMALL_AFTER_DE = frozenset(("la", "las", "los", "le", "l'"))

TWO_LETTER_NAMES = frozenset(("ng", "st", "mc", "dr", "mr", "ms", "jr", "sr"))
"""Words of two letters without a vowel that are no initials."""

# Mac- followed by a capital; every other name in Mac- is written like Macron, Machado, Mackenzie or Macey.
MAC_NAMES = listed(
    """
    macadam macadams macalister macallister macandrew macarthur macaskill macaulay macauley macbain macbean macbeth
    macbride maccabe maccallum maccarthy macclure maccoll macconnell maccormack maccormick maccoy maccready maccrimmon
    macculloch macdermot macdermott macdiarmid macdonagh macdonald macdonell macdonnell macdougal macdougall macdowell
    macduff maceachern macelroy macewan macewen macfadden macfadyen macfarland macfarlane macfie macgill macgillivray
    macginnis macgowan macgrath macgraw macgregor macguire machale macilroy macilwain macinnes macinnis macintosh
    macintyre macisaac maciver macivor mackay mackellar mackinnon mackintosh maclachlan maclaine maclaren maclaughlin
    maclaurin maclean maclellan maclennan macleod macmahon macmanus macmaster macmichael macmillan macmullen macmurray
    macnab macnair macnally macnamara macnaughton macneal macneice macneil macneill macnicol macphail macphee
    macpherson macquarie macquarrie macqueen macrae macrory macsween macsweeney mactaggart mactavish macvicar
    macwilliam macwilliams
    """
)

# Surnames whose inner capital cannot be told from their letters.
WRITTEN = {
    name.lower(): name
    for name in listed(
        """
    DiCaprio DiMaggio DeVito DeVries DeMarco DeLuca DeSantis DeSilva DeGeneres DeLillo DeJong DeYoung DeWitt DeRosa
    DiNapoli DiStefano DiPietro DiGiovanni DiMarco DaSilva DaCosta DuPont LeBlanc LeBron LaRue LaPorte LaFleur
    LaMarca VanDyke VanHorn VandenBerg VanderMeer FitzGerald FitzPatrick St.John DeAngelis DeLaCruz
    LaToya DeShawn DeAndre
    """
    )
    if name not in {"FitzGerald", "FitzPatrick", "DuPont", "DeJong", "DaCosta", "DaSilva", "St.John", "LaPorte"}
}

APOSTROPHE_OPENERS = listed("o d l n m t k s dell dall all nell sant dall sull ch qu")
"""What stands before an apostrophe that a capital follows: O'Neil, D'Angelo, N'Diaye, Dell'Aquila; not Sa'ad."""

JEANS = listed(
    """
    pierre paul luc marc claude michel françois francois louis jacques philippe baptiste yves marie christophe noël
    noel charles bernard daniel denis françoise guy hugues joseph laurent léon leon pascal patrick rené rene sébastien
    sebastien victor vincent robert
    """
)

VIETNAMESE_WITHOUT_MARKS = listed("nguyen tran le pham hoang huynh phan vu vo dang bui do ho ngo duong ly dinh")
"""Surnames that another language may have as given names too: a Vietnamese middle name has to follow."""
VIETNAMESE_FAMILIES = listed(
    """
    nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đinh trịnh đoàn lương mai tô trương hà
    """
)
VIETNAMESE_TITLES = listed("ông bà anh chị cô ts ths gs pgs")
VIETNAMESE_OFTEN_GIVEN = listed("mai hà lương đoàn tô trương")
VIETNAMESE_MIDDLES = listed("văn thị van thi đức hữu ngọc minh thanh quang xuân duc huu ngoc xuan")

TWO_SURNAME_COUNTRIES = listed("ES MX CO PE CL VE EC GT CU BO DO HN PY SV NI CR PR PA")
SECOND_GIVEN_NAMES = listed(
    """
    carlos luis jose maria antonio manuel jesus miguel angel pablo fernanda isabel elena alberto andres enrique felipe
    francisco ignacio javier eduardo david daniel alejandro alejandra ramon alfonso fernando roberto ricardo sofia
    teresa cristina patricia beatriz victoria carolina paula pilar carmen dolores mercedes rosa ines lucia marta belen
    sebastian camilo felipe esteban mauricio gabriel rafael armando arturo cesar guillermo gustavo hector hugo ivan
    jaime jorge julio leonardo marcos mario martin nicolas octavio omar oscar pedro raul ruben salvador santiago
    sergio tomas vicente victor alicia ana andrea angelica claudia diana eugenia gabriela guadalupe irene jimena julia
    laura leticia liliana lourdes luisa luz margarita mariana marisol monica natalia noemi paola raquel rebeca rocio
    sandra sara silvia susana veronica virginia ximena yolanda
    """
)
"""Names that stand second as given names (Juan Carlos, Ana María) rather than as a first surname."""

DEVOTIONS = listed(
    """
    carmen pilar mar rosario socorro angeles lourdes fatima luz jesus dolores mercedes concepcion nieves soledad
    consuelo refugio guadalupe remedios rocio paz cruz amparo milagros valle sagrario coro
    """
)
"""What a given name goes on with behind de or del: María del Carmen, Maria de Fátima, José de Jesús."""

NEVER_SURNAMES = listed("phd msc bsc llm llb dds mphil esq cissp pharmd dphil")
"""Post-nominals that nobody is called, however they are written: a last-name cell with one holds no name."""


@cache
def given_names() -> frozenset[str]:
    """Given names, folded."""
    lines = resources.files("app.text").joinpath("given_names.txt").read_text("utf-8").splitlines()
    return frozenset(name for line in lines if not line.startswith("#") for name in line.split())
