"""The labels that exports use, field by field: Apollo, its scrapers, Sales Navigator, LinkedIn, AI Ark, CRMs.

Data for `app/headers.py`, which compares labels without case, spaces and punctuation, so one spelling stands for many.
Order is rank: the first label that a file has wins. Sources: the exports themselves and their vendors' help pages; a
few German, French and Spanish labels as CRMs write them.
"""

from __future__ import annotations

__all__ = ["COMPANY", "CUSTOMER", "KNOWN", "PERSON", "PERSON_SIGNS"]

_NAME = (
    *("Company Name", "Company", "Organization", "Organisation", "Organization Name", "Account Name", "Account"),
    *("Employer", "Current Company", "Business Name", "Firma", "Unternehmen", "Société", "Entreprise", "Empresa"),
)
_DOMAIN = (
    *("Company Domain", "Company Domain Name", "Domain", "Domain Name", "Primary Domain", "Company Website Short"),
    *("Website Domain", "Web Domain", "Organization Domain"),
)
_SITE = (
    *("Website", "Company Website", "Website URL", "Company Website Full", "Company Website URL", "Web Site"),
    *("Company URL", "Organization Website", "Homepage", "Webseite", "Site web", "Sitio web"),
)
_COMPANY_LINKEDIN = (
    *("Company Linkedin Url", "Company LinkedIn Link", "Company LinkedIn", "regularCompanyUrl"),
    *("LinkedIn Company URL", "LinkedIn Company Page", "Company LinkedIn Profile", "companyUrl"),
    *("Organization LinkedIn URL", "Account LinkedIn URL"),
)
_PROFILE = ("LinkedIn URL", "LinkedIn", "LinkedIn Link", "LinkedIn Profile", "LinkedIn Profile URL", "LinkedIn Page")

# What a row says of its company, whoever the row is about.
_ABOUT_COMPANY: dict[str, tuple[str, ...]] = {
    "company_domain": _DOMAIN,
    "company_linkedin": _COMPANY_LINKEDIN,
    "website": _SITE,
    "industry": ("Industry", "Company Industry", "Industries", "Primary Industry", "Branche", "Secteur", "Sector"),
    "employee_count": (
        *("# Employees", "Employee Count", "Number of Employees", "No. of Employees", "Num Employees", "Headcount"),
        *("Company Headcount", "Estimated Num Employees", "Company Size", "Employee Size", "Employee Range"),
    ),
    "company_city": ("Company City", "HQ City", "Headquarters City", "Account City"),
    "company_state": ("Company State", "HQ State", "Headquarters State", "Company Region", "Account State"),
    "company_country": ("Company Country", "HQ Country", "Headquarters Country", "Account Country"),
    "company_phone": ("Company Phone", "Company Phone Number", "Corporate Phone", "HQ Phone", "Account Phone"),
    "annual_revenue": ("Annual Revenue", "Revenue", "Company Revenue", "Estimated Revenue", "Company Annual Revenue"),
    "total_funding": ("Total Funding", "Total Funding Amount", "Funding Total"),
    "latest_funding": ("Latest Funding", "Last Funding Type", "Latest Funding Round", "Last Funding Round"),
    "founded_year": ("Founded Year", "Year Founded", "Founded", "Company Founded Year", "Founding Year"),
    "keywords": ("Keywords", "Company Keywords", "Industry Tags"),
    "technologies": ("Technologies", "Company Technologies", "Tech Stack", "Technology Stack"),
    "company_description": ("Short Description", "Company Description", "Company Short Description", "SEO Description"),
    "company_type": ("Company Type", "Ownership Type", "Organization Type"),
    "parent_company": ("Parent company (Apollo data)", "Subsidiary of", "Parent Company", "Parent Account"),
}

PERSON: dict[str, tuple[str, ...]] = {
    "first_name": ("First Name", "Firstname", "Given Name", "Forename", "Vorname", "Prénom", "Nombre"),
    "last_name": ("Last Name", "Lastname", "Surname", "Family Name", "Nachname", "Nom de famille", "Apellidos"),
    "person_name": ("Full Name", "Person Name", "Contact Name", "Lead Name", "Name"),
    "title": (
        "Title",
        "Job Title",
        "Position",
        "Current Title",
        "Job Position",
        "Person Title",
        "Role",
        "Poste",
        "Cargo",
    ),
    "headline": ("Headline", "LinkedIn Headline", "Person Headline"),
    "seniority": ("Seniority", "Seniority Level", "Management Level"),
    "email": (
        *("Email", "Email Address", "Work Email", "Primary Email", "Business Email", "Person Email", "Contact Email"),
        *("Work Email Address", "E-Mail-Adresse", "Correo electrónico", "Adresse e-mail"),
    ),
    "email_status": ("Email Status", "Email Verification Status", "Work Email Status"),
    "phone": (
        *("Work Direct Phone", "Direct Phone", "Mobile Phone", "Phone", "Phone Number", "Mobile", "Mobile Number"),
        *("Contact Phone", "Work Phone", "Home Phone", "Other Phone", "Telefon", "Téléphone", "Teléfono"),
    ),
    "linkedin": (
        *("Person Linkedin Url", "Person LinkedIn", "Contact LinkedIn URL", "defaultProfileUrl", *_PROFILE),
        *("Lead LinkedIn URL", "Profile URL", "Public Profile URL", "URL"),
    ),
    "city": ("City", "Lead City", "Person City", "Contact City", "Stadt", "Ville", "Ciudad"),
    "state": ("State", "Lead State", "Person State", "State/Region", "Contact State", "Province", "Bundesland"),
    "country": (
        "Country",
        "Lead Country",
        "Person Country",
        "Country/Region",
        "Contact Country",
        "Land",
        "Pays",
        "País",
    ),
    "company_name": (*_NAME, "Company Name for Emails"),
    **_ABOUT_COMPANY,
    "past_company_name": ("pastExperienceCompanyName", "Past Company", "Past Company Name", "Previous Company"),
    "past_company_linkedin": ("pastExperienceCompanyUrl", "Past Company LinkedIn", "Previous Company LinkedIn"),
    "past_title": ("pastExperienceCompanyTitle", "Past Title", "Previous Title", "Previous Job Title"),
    "past_dates": ("pastExperienceDate", "Past Dates"),
    "past_duration": ("pastExperienceDuration", "Past Duration"),
    "time_in_role": ("durationInRole", "Time in Role", "Time in Current Role"),
    "time_in_company": ("durationInCompany", "Time in Company", "Time at Company"),
    "connected_on": ("Connected On",),
}

# In a list of companies a bare label is the company's own.
COMPANY: dict[str, tuple[str, ...]] = {
    "company_name": (*_NAME, "Name", "Company Name for Emails"),
    **_ABOUT_COMPANY,
    "website": (*_SITE, "URL", "Web"),
    "company_linkedin": (*_COMPANY_LINKEDIN, *_PROFILE),
    "employee_count": (*_ABOUT_COMPANY["employee_count"], "Size"),
    "company_city": (*_ABOUT_COMPANY["company_city"], "City", "Stadt", "Ville", "Ciudad"),
    "company_state": (*_ABOUT_COMPANY["company_state"], "State", "State/Region", "Bundesland"),
    "company_country": (*_ABOUT_COMPANY["company_country"], "Country", "Country/Region", "Land", "Pays", "País"),
    "company_phone": (*_ABOUT_COMPANY["company_phone"], "Phone", "Phone Number", "Telefon", "Téléphone"),
    "company_description": (
        *("Short Description", "Company Description", "Company Short Description", "Description", "About"),
        "SEO Description",
    ),
    "company_type": (*_ABOUT_COMPANY["company_type"], "Type"),
}

CUSTOMER: dict[str, tuple[str, ...]] = {
    **COMPANY,
    "company_name": (*_NAME, "Customer", "Customer Name", "Client", "Client Name", "Kunde", "Name"),
}

# Any one of these means that a row is a person.
PERSON_SIGNS: tuple[str, ...] = (
    *PERSON["first_name"],
    *PERSON["last_name"],
    *("Full Name", "Person Name", "Contact Name", "Lead Name"),
    *PERSON["title"],
    *PERSON["headline"],
    *(
        "Person Linkedin Url",
        "Person LinkedIn",
        "Contact LinkedIn URL",
        "Lead LinkedIn URL",
        "Lead City",
        "Lead Country",
    ),
    *("defaultProfileUrl", "profileUrl", "Seniority", "Connected On"),
)

# Labels that exports are known to have and that no field takes: kept with the row, and no reason to wonder.
KNOWN: tuple[str, ...] = (
    # Apollo, people
    *(
        "Primary Email Source",
        "Primary Email Verification Source",
        "Email Confidence",
        "Primary Email Catch-all Status",
    ),
    *("Primary Email Last Verified At", "Departments", "Sub Departments", "Contact Owner"),
    *(
        "Do Not Call",
        "Stage",
        "Lists",
        "Last Contacted",
        "Account Owner",
        "Facebook Url",
        "Twitter Url",
        "Address",
        "Company Address",
    ),
    *("Latest Funding Amount", "Last Raised At", "Parent company (Apollo data - Organization ID)"),
    *("Subsidiary of (Organization ID)", "Email Sent", "Email Open", "Email Bounced", "Replied", "Demoed"),
    *("Number of Retail Locations", "SIC Codes", "NAICS Codes", "Apollo Contact Id", "Apollo Account Id"),
    *("Apollo Record Id", "Secondary Email", "Secondary Email Source", "Secondary Email Status"),
    *("Secondary Email Verification Source", "Tertiary Email", "Tertiary Email Source", "Tertiary Email Status"),
    *("Tertiary Email Verification Source", "Primary Intent Topic", "Primary Intent Score", "Secondary Intent Topic"),
    *("Secondary Intent Score", "Qualify Contact"),
    # Apollo, companies
    *("Account Stage", "Company Street", "Company Postal Code", "Logo Url"),
    # scrapers of Apollo
    *("Company Blog Link", "Company Twitter Link", "Company Facebook Link", "Last Fund Raised At"),
    # AI Ark
    *("Product and Services", "Number of Locations", "Last Funding Amount", "AI Ark Account ID"),
    # Sales Navigator
    *("profileUrl", "companyId", "summary", "titleDescription", "companyLocation", "location", "profileImageUrl"),
    *("connectionDegree", "sharedConnectionsCount", "vmid", "isPremium", "isOpenLink", "query", "timestamp"),
    # CRMs
    *("Lifecycle Stage", "Record ID", "Create Date", "Lead Status", "Contact owner", "Last Activity Date", "Notes"),
)
