"""Words that the sample files are made of: names, titles, trades and places, all of them made up or public.

Read by `app/local/samples/files.py` alone. Telephone numbers come from the ranges that regulators keep free for
fiction, and company domains end in the reserved `.example` and `.test`, so a sample can never reach anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "COMPANY_HEADS",
    "COMPANY_TAILS",
    "DEPARTMENTS",
    "INDUSTRIES",
    "KEYWORDS",
    "ODD_COMPANIES",
    "REGIONS",
    "SENIORITIES",
    "TECHNOLOGIES",
    "TOPICS",
    "Region",
    "phrases",
]


@dataclass(frozen=True)
class Region:
    """Where a company sits: people, places, telephone numbers and legal forms that go together."""

    country: str
    firsts: tuple[str, ...]
    lasts: tuple[str, ...]
    cities: tuple[tuple[str, str], ...]  # city, state
    streets: tuple[str, ...]
    phone: str  # every "0" becomes a digit
    legal_forms: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def phrases(text: str) -> tuple[str, ...]:
    """What stands between the commas, each on one line."""
    return tuple(" ".join(phrase.split()) for phrase in text.split(","))


REGIONS: tuple[Region, ...] = (
    Region(
        "United States",
        _words("James Maria Robert Linda Kevin Ashley DeShawn Emily Tyler Grace Marcus Olivia Jean-Luc Priya Mei"),
        (
            *_words("Whitfield McDonald O'Neil Castellano Ramirez Nakamura Okafor Lindqvist MacKenzie Feldman Huang"),
            "de la Cruz",
            "St. Clair",
            "Van Buren",
            "Smith-Alvarez",
            "D'Angelo",
            "Le Roux",
        ),
        (("Austin", "Texas"), ("Denver", "Colorado"), ("Boston", "Massachusetts"), ("Columbus", "Ohio")),
        ("Harbor Street", "Maple Avenue", "Commerce Drive", "Mission Boulevard"),
        "+1 415-555-0100",
        ("Inc.", "LLC", "Corp.", "Corporation", ", Inc.", "Co.", "L.P."),
    ),
    Region(
        "United Kingdom",
        _words("Oliver Amelia Harry Isla Callum Freya Rhys Siobhan Aisha Imogen Alasdair Gwen Tariq"),
        (
            *_words("Ashworth Pemberton MacLeod O'Sullivan Llewellyn Fitzgerald Khan Thistlewood Whyte Bannerman"),
            "ap Rhys",
            "Carter-Jones",
            "de Vere",
        ),
        (("London", "England"), ("Leeds", "England"), ("Edinburgh", "Scotland"), ("Cardiff", "Wales")),
        ("Mill Lane", "King's Road", "Station Approach", "Canal Wharf"),
        "+44 20 7946 0000",
        ("Ltd", "Limited", "PLC", "LLP", "(UK) Ltd", "Ltd."),
    ),
    Region(
        "Netherlands",
        _words("Marta Daan Sanne Joost Femke Thijs Anouk Bram Lotte Sjoerd Noor Willem"),
        (
            "van der Lind",
            "de Vries",
            "van den Berg",
            "ter Horst",
            "van 't Hof",
            "de Jong",
            *_words("Bakker Visser Hoekstra Dijkstra Kuipers Smit"),
        ),
        (("Utrecht", "Utrecht"), ("Amsterdam", "North Holland"), ("Eindhoven", "North Brabant")),
        ("Keizersgracht", "Stationsplein", "Oude Haven", "Molenweg"),
        "+31 20 555 0000",
        ("B.V.", "BV", "N.V.", "Holding B.V."),
    ),
    Region(
        "Germany",
        _words("Jürgen Annika Björn Katharina Sören Heike Matthias Ute Günther Leonie Karl-Heinz Merve"),
        (
            "von Hagen",
            "zu Guttenfels",
            "von der Heide",
            "Müller-Lüdenscheidt",
            *_words("Schröder Weiß Böhm Kowalczyk Yildirim Fröhlich Straßburger Köhler"),
        ),
        (("Berlin", "Berlin"), ("München", "Bavaria"), ("Köln", "North Rhine-Westphalia")),
        ("Hauptstraße", "Am Markt", "Lindenallee", "Gewerbepark"),
        "+49 30 23125 000",
        ("GmbH", "AG", "GmbH & Co. KG", "KG", "SE", "UG (haftungsbeschränkt)"),
    ),
    Region(
        "France",
        _words("Élodie Jérôme Zoé François Hélène Benoît Maëlle Thibault Anaïs Noémie Jean-Baptiste"),
        (
            "de La Fontaine",
            "Le Goff",
            "d'Aubigné",
            "du Plessis",
            *_words("Lefèvre Béranger Garçon N'Diaye Chevalier Rousselot Haddad"),
        ),
        (("Paris", "Île-de-France"), ("Lyon", "Auvergne-Rhône-Alpes"), ("Nantes", "Pays de la Loire")),
        ("rue de l'Église", "avenue Victor-Hugo", "quai des Brumes"),
        "+33 1 99 00 00 00",
        ("SAS", "S.A.", "SARL", "S.A.S.", "SA"),
    ),
    Region(
        "Spain",
        _words("José Lucía Íñigo Carmen Andrés Begoña Raúl Núria Álvaro Itziar"),
        (
            "de la Torre",
            "García Márquez",
            "del Río",
            "Ortiz y Pino",
            *_words("Muñoz Ibáñez Etxeberria Peña Castaño Vilanova"),
        ),
        (("Madrid", "Community of Madrid"), ("Barcelona", "Catalonia"), ("Bilbao", "Basque Country")),
        ("Calle Mayor", "Gran Vía", "Paseo del Prado"),
        "+34 910 555 000",
        ("S.L.", "S.A.", "SL", "S. Coop."),
    ),
    Region(
        "Sweden",
        _words("Åsa Göran Linnea Björn Elin Nils Saga Östen Maja"),
        ("af Klint", "von Essen", *_words("Öberg Sjöström Lindqvist Åkesson Hägglund Nyström Bergqvist")),
        (("Stockholm", "Stockholm County"), ("Göteborg", "Västra Götaland"), ("Malmö", "Skåne")),
        ("Storgatan", "Drottninggatan", "Hamngatan"),
        "+46 8 5550 0000",
        ("AB", "AB (publ)", "HB"),
    ),
    Region(
        "Poland",
        _words("Łukasz Agnieszka Paweł Małgorzata Grzegorz Żaneta Michał Świętosława"),
        _words("Wiśniewski Dąbrowska Zając Kowalczyk Szczęsny Wójcik Łaska Brzęczyszczykiewicz"),
        (("Warszawa", "Mazovia"), ("Kraków", "Lesser Poland"), ("Łódź", "Łódź")),
        ("ulica Długa", "aleja Róż", "plac Zamkowy"),
        "+48 22 555 00 00",
        ("sp. z o.o.", "S.A.", "Sp. z o. o."),
    ),
    Region(
        "India",
        _words("Ananya Vikram Priyanka Rohit Lakshmi Arjun Deepika Siddharth"),
        _words("Iyer Venkataraman Chatterjee Singh Rao Mukherjee Nair D'Souza"),
        (("Bengaluru", "Karnataka"), ("Pune", "Maharashtra"), ("Chennai", "Tamil Nadu")),
        ("MG Road", "Residency Road", "Anna Salai"),
        "+91 80 5550 0000",
        ("Pvt Ltd", "Private Limited", "Pvt. Ltd.", "LLP"),
    ),
    Region(
        "Brazil",
        _words("João Beatriz Antônio Conceição Thiago Luíza Gonçalo"),
        ("dos Santos", "da Silva", "de Sá e Mello", *_words("Araújo Gonçalves Magalhães Assunção Simões")),
        (("São Paulo", "São Paulo"), ("Curitiba", "Paraná"), ("Recife", "Pernambuco")),
        ("Rua das Flores", "Avenida Paulista", "Praça da Sé"),
        "+55 11 5550 0000",
        ("Ltda", "Ltda.", "S/A", "EIRELI"),
    ),
    Region(
        "Japan",
        ("Haruto", "Yui", "Ren", "Sakura", "Kenji", "美咲"),
        ("Nakamura", "Fujiwara", "Ōno", "Takahashi", "Itō", "田中"),
        (("Tokyo", "Tokyo"), ("Osaka", "Osaka"), ("Sapporo", "Hokkaido")),
        ("Sakura-dōri", "Midosuji", "Ginza"),
        "+81 3 5550 0000",
        ("K.K.", "Co., Ltd.", "G.K."),
    ),
)

COMPANY_HEADS: tuple[str, ...] = _words("""
    Northgate Blue-Heron Kestrel Quarry Silverline Tidewater Larkspur Ember Granite Meridian Foxglove Juniper Harrow
    Cobalt Pinecrest Solstice Ironbridge Wren Lumen Halcyon Bramble Copper Saltmarsh Vantage Orchard Redwood Zephyr
    Alder Beacon Cinder Driftwood Elmwood Fathom Gossamer Heath Inkwell Kindling Lantern Mosaic Nimbus Oakhurst
    Palisade Quill Ravine Sable Thicket Umber Verdant Willow Yarrow Åland Bjørk Café-Noir Dömitz Ébène""")
COMPANY_TAILS: tuple[str, ...] = (
    *_words("""
    Robotics Analytics Foods Logistics Health Software Energy Textiles Bank Insurance Materials Media Capital
    Systems Biotech Consulting Security Marine Mobility Payments Learning Travel Instruments Packaging Hospitality
    Labs Studios Motors Interiors Recruiting Ventures Aerospace Diagnostics Brewing Cloud Solar"""),
    "Supply Chain",
    "& Sons",
    "& Company",
    "Data Science",
    "Real Estate",
    "Wine Merchants",
)
# Names that a careless clean-up empties or spoils.
ODD_COMPANIES: tuple[str, ...] = (
    "Wahoo!",
    "The Co-op",
    "S.A.",
    "AB",
    "Inc",
    "3Q/DEPT",
    "e.Volve",
    "Müller & Söhne",
    "Harrow (formerly Pinecrest)",
    "LUMEN | Light as a service",
    "kestrel.io",
    "Group Holdings",
    "P&P Partners",
    "#paid-ish",
    'The "Original" Bakery',
    "株式会社サンプル",
)

INDUSTRIES: tuple[str, ...] = (
    "information technology & services",
    "computer software",
    "financial services",
    "hospital & health care",
    "mechanical or industrial engineering",
    "food production",
    "logistics & supply chain",
    "marketing & advertising",
    "renewables & environment",
    "real estate",
    "staffing & recruiting",
    "biotechnology",
    "apparel & fashion",
    "construction",
    "higher education",
)

KEYWORDS: tuple[str, ...] = phrases("""
    saas, b2b, automation, supply chain visibility, warehouse management, predictive maintenance, e-commerce,
    consumer internet, revenue operations, data pipelines, customer success, employer branding, cold chain,
    robotics, machine vision, embedded systems, fintech, open banking, anti-money laundering, clinical trials,
    patient engagement, medical devices, energy storage, grid balancing, carbon accounting, circular packaging,
    direct to consumer, last mile delivery, route planning, workforce planning, talent acquisition, learning
    management, corporate training, private equity, venture building, proptech, facility management, smart
    buildings, cybersecurity, identity management, zero trust, penetration testing, cloud migration, managed
    services, it consulting, agile coaching, ux research, brand strategy, performance marketing, search engine
    optimization, influencer marketing, events, hospitality, food safety, craft brewing, sustainable textiles,
    additive manufacturing, industrial iot, quality assurance, r&d, nanotechnology, genomics, diagnostics,
    telehealth, insurance, underwriting, claims handling, payments, point of sale, loyalty programs, subscription
    billing, recruiting software, translation & localization, public sector, nonprofit""")

TECHNOLOGIES: tuple[str, ...] = phrases("""
    Cloudflare DNS, Amazon AWS, Google Analytics, Google Tag Manager, Salesforce, HubSpot, Mobile Friendly, Outlook,
    Gmail, Google Apps, Microsoft Office 365, WordPress.org, Nginx, Apache, Shopify, Stripe, Zendesk, Intercom,
    Slack, Atlassian Cloud, Jira, Hotjar, Segment.io, Mixpanel, Snowflake, dbt, React, Vue, Ruby On Rails, Node.js,
    Python, Kubernetes, Docker, Terraform, Datadog, PagerDuty, Okta, Marketo, Pardot, Mailchimp Mandrill, SendGrid,
    Typeform, Facebook Custom Audiences, Linkedin Marketing Solutions, DoubleClick, YouTube, Vimeo, Google Font API,
    reCAPTCHA, SAP, Workday, Greenhouse.io, Lever, BambooHR, NetSuite, Tableau, Power BI, Figma, Zoom, DocuSign""")

# level as the export writes it -> titles
SENIORITIES: dict[str, tuple[str, ...]] = {
    "C suite": ("Chief Executive Officer", "CFO", "Chief Technology Officer", "COO & Co-Founder", "CMO"),
    "Founder": ("Founder", "Co-Founder & CEO", "Founder, Managing Partner"),
    "VP": ("VP, Revenue Operations", "Vice President Sales, EMEA", "VP of Engineering", "SVP Marketing"),
    "Head": ("Head of Growth", "Head of People & Culture", "Head of Data / AI"),
    "Director": ("Director of Procurement", "Sales Director - DACH", "Director, Customer Success", "IT Director"),
    "Manager": ("Marketing Manager", "Product Manager", "Key Account Manager", "Plant Manager (night shift)"),
    "Senior": ("Senior Software Engineer", "Sr. Account Executive", "Senior Buyer"),
    "Entry": ("Business Development Representative", "Junior Analyst", "Recruiter"),
}
DEPARTMENTS: tuple[tuple[str, str], ...] = (
    ("Sales", "Account Management, Business Development"),
    ("Engineering & Technical", "Software Development, DevOps"),
    ("Marketing", "Demand Generation"),
    ("Finance", "Financial Planning & Analysis"),
    ("Human Resources", "Recruiting & Talent Acquisition"),
    ("C-Suite", "Executive, Founder"),
    ("Operations", "Supply Chain"),
)
TOPICS: tuple[str, ...] = ("CRM", "Lead Enrichment", "Warehouse Automation", "Payroll", "Zero Trust", "Cold Storage")
