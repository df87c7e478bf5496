"""Words that decide how capitals of a company's name are put right: brands, acronyms, short and small words."""

from __future__ import annotations

from app.text._listed import listed

ABBREVIATIONS = listed("mgmt ltd intl svcs mfg dept bldg mktg grp hldgs mgt bldrs ctr llc's pty pvt dr st mt")
"""Words without a vowel that are no acronyms: `mgmt` is Mgmt."""

SHOUTABLE = listed("plc inc corp corporation ltd limited incorporated gmbh company group holding holdings co pvt pty")
"""Forms and words that nobody writes in capitals unless everything is."""

# How brands are spelt that capitals or small letters throughout would hide. Only consulted for such input.
BRANDS = {
    name.lower(): name
    for name in listed(
        """
    RELX SEGRO
    IBM NASA IKEA HSBC KPMG NVIDIA ASOS ASML BASF LVMH UNICEF UNESCO UNIQLO LEGO ASUS NATO NOAA CERN ESPN HBO CNN BBC
    NBC CBS ABC FIFA UEFA NFL NBA MLB NHL USAA AARP AECOM ABB ABN AMRO ACLU ADNOC ADP AIG AMD AMC APM ARM AWS AXA BBVA
    BCG BDO BHP BMO BMW BNP BNY BP BT CACI CBRE CDW CGI CIBC CIBT CSC CSL CSX CVS DHL DHV DLA DNB DNV DSM DSV DXC EDF
    ENGIE ENI EPAM ERGO ESA EY FCA FDM FICO FIS FMC GE GEA GEICO GM GSK HCL HDFC HEB HKS HNTB HP HPE ICI ICICI ICON
    IDC IDEO IHG IHS IMF ING INSEAD IQVIA ITV JBS JLL JPMorgan KBC KBR KFC KKR KLM KPN LG LSEG MBDA MGM MIT MSC MSCI
    MTN MTV NCR NEC NEOM NGK NHS NIVEA NTT NXP OMV ONGC OPPO OTIS OYO PNC PPG PSA PTC PVH PwC QVC RATP RBC REI RELX
    RSM RTX RWE SAIC SAP SAS SBB SBI SEB SGS SHRM SKF SNCF SNC STMicroelectronics SWIFT TCL TCS TDK TED TIAA TNT TSMC
    TUI TUV TWA UBS UCB UCLA UKG UPS USA USPS VMware VTB WHO WPP WSP WWF XPO YMCA ZTE PayPal YouTube LinkedIn GitHub
    GitLab HubSpot McKinsey FedEx eBay BlackRock DocuSign MongoDB SoftBank TikTok WeWork WhatsApp AstraZeneca
    GlaxoSmithKline PepsiCo ExxonMobil ConocoPhillips MetLife UnitedHealth CrowdStrike DoorDash JetBlue OpenAI
    BioNTech SpaceX AirBnB ArcelorMittal SaaS AI IT HR PR UK US EU UAE USA GmbH R&D B2B IoT VR AR 3D TV FC UN IP LED
    CRM ERP API NYC LA DC NY II III IV VI VII VIII XL XXL MD DDS PhD CPA
    """
    )
} | {"airbnb": "Airbnb"}

SHORT_WORDS = listed(
    """
    the old new air art bar bay big box car cat city day dog eat eco fit fly fox fun gas hub hot ice inn ink jet joy
    key lab law led leg log lot low mad man map max may men mix mob mom net next nut oak off oil one own pan pay pen
    pet pie pin pit pop pot pro pub pur raw ray red rex rio rod rog sea sew she sir sky son spa spy star sun tap tax
    tea tek tel ten tie tin tip top toy tri two up urb van vet via vie war way web wet win wit wiz wood yes you zen
    zoo age aid aim all any ant ape app apt arc ark arm ash ask axe bag ban bat bed bee bet bio bit bob bow boy bug
    bus but buy cab cap cop cow cup cut dad dam deal den dig dot dry due ear egg end era eye fan far fed few fig fin
    fix for gap gem get gin god got gum gun guy gym hat her hit ion ivy jam jar jaw job kid kit lee leo let lid lip
    liv mat met mid mud nap now odd our out owl pad paw pea pig ram ran rap rat rib rid rig rob row rub rug run sad
    sam sat say sec see set sit six sub ted tim tom ton try sao san des sud est mar sol mer lac mas use uno vow was
    who why wow yet go my no me we do us tu te bo jo li ko kim kai roy ron dan ben joe jim jon ian eva ada amy ann eve
    leo lou lux nova duo ace alt ami ava boo cam doc ego fab geo gig hey hip kin lay lit loo mum neo nu oh ore pal pub
    que rum sum tab tan tar uni val vim wax yum zag zip co
    """
) - {"us", "uni", "ion", "arm", "led"}

SMALL_WORDS = listed(
    "of and for in on at to by with from de la del los las da do dos das du des et und y e en van der den von zu"
    " a an the"
)
