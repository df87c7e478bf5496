"""Header lines of real exports and the fields they must become, one table per export."""

from __future__ import annotations

import csv

import pytest

from app.intake.headers import detect_kind, match_headers, normalise

APOLLO_PEOPLE_2026 = (
    "First Name,Last Name,Title,Company Name,Company Name for Emails,Email,Email Status,Primary Email Source,"
    "Primary Email Verification Source,Email Confidence,Primary Email Catch-all Status,Primary Email Last "
    "Verified At,Seniority,Departments,Sub Departments,Contact Owner,Work Direct Phone,Home Phone,Mobile Phone,"
    "Corporate Phone,Other Phone,Do Not Call,Stage,Lists,Last Contacted,Account Owner,# Employees,Industry,"
    "Keywords,Person Linkedin Url,Website,Company Linkedin Url,Facebook Url,Twitter Url,Address,City,State,"
    "Country,Company Address,Company City,Company State,Company Country,Company Phone,Technologies,Annual "
    "Revenue,Total Funding,Latest Funding,Latest Funding Amount,Last Raised At,Parent company (Apollo data),"
    "Parent company (Apollo data - Organization ID),Email Sent,Email Open,Email Bounced,Replied,Demoed,Number of "
    "Retail Locations,SIC Codes,NAICS Codes,Apollo Contact Id,Apollo Account Id,Apollo Record Id,Secondary Email,"
    "Secondary Email Source,Secondary Email Status,Secondary Email Verification Source,Tertiary Email,Tertiary "
    "Email Source,Tertiary Email Status,Tertiary Email Verification Source,Primary Intent Topic,Primary Intent "
    "Score,Secondary Intent Topic,Secondary Intent Score,Qualify Contact"
)
APOLLO_PEOPLE_2025 = (
    APOLLO_PEOPLE_2026.replace("Twitter Url,Address,", "Twitter Url,")
    .replace("Parent company (Apollo data - Organization ID)", "Subsidiary of (Organization ID)")
    .replace("Parent company (Apollo data)", "Subsidiary of")
    .replace("SIC Codes,NAICS Codes,", "")
    .replace("Apollo Record Id,", "")
)
APOLLO_PEOPLE_2024 = (
    "First Name,Last Name,Title,Company,Company Name for Emails,Email,Email Status,Primary Email Source,Email "
    "Confidence,Primary Email Catch-all Status,Primary Email Last Verified At,Seniority,Departments,Contact "
    "Owner,Work Direct Phone,Home Phone,Mobile Phone,Corporate Phone,Other Phone,Stage,Lists,Last Contacted,"
    "Account Owner,# Employees,Industry,Keywords,Person Linkedin Url,Website,Company Linkedin Url,Facebook Url,"
    "Twitter Url,City,State,Country,Company Address,Company City,Company State,Company Country,Company Phone,SEO "
    "Description,Technologies,Annual Revenue,Total Funding,Latest Funding,Latest Funding Amount,Last Raised At,"
    "Subsidiary of,Email Sent,Email Open,Email Bounced,Replied,Demoed,Number of Retail Locations,Apollo Contact "
    "Id,Apollo Account Id,Secondary Email,Secondary Email Source,Tertiary Email,Tertiary Email Source"
)
APOLLO_SUBSET = (
    "First Name,Last Name,Title,Company Name,Email,Email Status,Primary Email Source,Primary Email Verification "
    "Source,Email Confidence,Primary Email Catch-all Status,Primary Email Last Verified At,Seniority,Sub "
    "Departments,Work Direct Phone,Home Phone,Mobile Phone,Corporate Phone,Other Phone,Do Not Call,Lists,Person "
    "Linkedin Url,Country,Subsidiary of,Subsidiary of (Organization ID),Secondary Email,Secondary Email Source,"
    "Secondary Email Status,Secondary Email Verification Source,Tertiary Email,Tertiary Email Source,Tertiary "
    "Email Status,Tertiary Email Verification Source,Primary Intent Topic,Primary Intent Score,Secondary Intent "
    "Topic,Secondary Intent Score,Qualify Contact,Cleaned"
)
APOLLO_SCRAPE = (
    "First Name,Last Name,Full Name,Title,Headline,Seniority,Email,LinkedIn Link,Lead City,Lead State,Lead "
    "Country,Company Name,Company Website Full,Company Website Short,Company Blog Link,Company Twitter Link,"
    "Company Facebook Link,Company LinkedIn Link,Company Phone Number,Industry,Last Fund Raised At,Number of "
    "Retail Locations"
)
APOLLO_COMPANIES_2026 = (
    "Company Name,Company Name for Emails,Account Stage,Lists,# Employees,Industry,Account Owner,Website,Company "
    "Linkedin Url,Facebook Url,Twitter Url,Company Street,Company City,Company State,Company Country,Company "
    "Postal Code,Company Address,Keywords,Company Phone,Technologies,Total Funding,Latest Funding,Latest Funding "
    "Amount,Last Raised At,Annual Revenue,Number of Retail Locations,Apollo Account Id,SIC Codes,NAICS Codes,"
    "Short Description,Founded Year,Logo Url,Subsidiary of,Subsidiary of (Organization ID),Primary Intent Topic,"
    "Primary Intent Score,Secondary Intent Topic,Secondary Intent Score"
)
APOLLO_COMPANIES_SUBSET = (
    "Company Name,Website,Industry,# Employees,Company Country,Keywords,Technologies,Apollo Account Id,Parent "
    "company (Apollo data)"
)
LOOKALIKE = (
    "Company Name,Company Name for Emails,Headcount,Employee Size,Industry,Industry Tags,Product and Services,"
    "Description,SEO Description,Website,LinkedIn,Company Type,Number of Locations,Company Address,Company "
    "Country,Company State,Annual Revenue,Last Funding Type,Last Funding Amount,AI Ark Account ID"
)
SALES_NAVIGATOR = (
    "profileUrl,fullName,firstName,lastName,companyName,title,companyId,companyUrl,regularCompanyUrl,summary,"
    "titleDescription,industry,companyLocation,location,durationInRole,durationInCompany,"
    "pastExperienceCompanyName,pastExperienceCompanyUrl,pastExperienceCompanyTitle,pastExperienceDate,"
    "pastExperienceDuration,connectionDegree,profileImageUrl,sharedConnectionsCount,name,vmid,linkedInProfileUrl,"
    "isPremium,isOpenLink,query,timestamp,defaultProfileUrl"
)
CONNECTIONS = "First Name,Last Name,URL,Email Address,Company,Position,Connected On"
CRM = (
    "First Name,Last Name,Email,Job Title,Company Name,Website URL,Country/Region,Phone Number,LinkedIn URL,"
    "Lifecycle Stage"
)

_APOLLO_PERSON = {
    "first_name": "First Name",
    "last_name": "Last Name",
    "title": "Title",
    "seniority": "Seniority",
    "email": "Email",
    "email_status": "Email Status",
    "phone": "Work Direct Phone",
    "linkedin": "Person Linkedin Url",
    "country": "Country",
    "company_name": "Company Name",
}
_APOLLO_COMPANY = {
    "company_name": "Company Name",
    "company_linkedin": "Company Linkedin Url",
    "website": "Website",
    "industry": "Industry",
    "employee_count": "# Employees",
    "company_city": "Company City",
    "company_state": "Company State",
    "company_country": "Company Country",
    "company_phone": "Company Phone",
    "annual_revenue": "Annual Revenue",
    "total_funding": "Total Funding",
    "latest_funding": "Latest Funding",
    "keywords": "Keywords",
    "technologies": "Technologies",
}
_APOLLO_BOTH = _APOLLO_COMPANY | _APOLLO_PERSON | {"city": "City", "state": "State", "department": "Departments"}

EXPORTS = {
    "Apollo people 2026": (
        APOLLO_PEOPLE_2026,
        "people",
        _APOLLO_BOTH | {"parent_company": "Parent company (Apollo data)"},
        [],
    ),
    "Apollo people 2025": (APOLLO_PEOPLE_2025, "people", _APOLLO_BOTH | {"parent_company": "Subsidiary of"}, []),
    "Apollo people to 2024": (
        APOLLO_PEOPLE_2024,
        "people",
        _APOLLO_BOTH
        | {"company_name": "Company", "parent_company": "Subsidiary of", "company_description": "SEO Description"},
        [],
    ),
    "Apollo people, a subset": (
        APOLLO_SUBSET,
        "people",
        _APOLLO_PERSON | {"company_phone": "Corporate Phone", "parent_company": "Subsidiary of"},
        ["Cleaned"],
    ),
    "Apollo scrape": (
        APOLLO_SCRAPE,
        "people",
        {
            "first_name": "First Name",
            "last_name": "Last Name",
            "person_name": "Full Name",
            "title": "Title",
            "headline": "Headline",
            "seniority": "Seniority",
            "email": "Email",
            "linkedin": "LinkedIn Link",
            "city": "Lead City",
            "state": "Lead State",
            "country": "Lead Country",
            "company_name": "Company Name",
            "company_domain": "Company Website Short",
            "website": "Company Website Full",
            "company_linkedin": "Company LinkedIn Link",
            "company_phone": "Company Phone Number",
            "industry": "Industry",
        },
        [],
    ),
    "Apollo companies 2026": (
        APOLLO_COMPANIES_2026,
        "companies",
        _APOLLO_COMPANY
        | {
            "founded_year": "Founded Year",
            "company_description": "Short Description",
            "parent_company": "Subsidiary of",
        },
        [],
    ),
    "Apollo companies, late 2026 subset": (
        APOLLO_COMPANIES_SUBSET,
        "companies",
        {
            "company_name": "Company Name",
            "website": "Website",
            "industry": "Industry",
            "employee_count": "# Employees",
            "company_country": "Company Country",
            "keywords": "Keywords",
            "technologies": "Technologies",
            "parent_company": "Parent company (Apollo data)",
        },
        [],
    ),
    "another vendor's companies": (
        LOOKALIKE,
        "companies",
        {
            "company_name": "Company Name",
            "website": "Website",
            "company_linkedin": "LinkedIn",
            "industry": "Industry",
            "employee_count": "Headcount",
            "keywords": "Industry Tags",
            "company_description": "Description",
            "company_type": "Company Type",
            "company_country": "Company Country",
            "company_state": "Company State",
            "annual_revenue": "Annual Revenue",
            "latest_funding": "Last Funding Type",
        },
        [],
    ),
    "Sales Navigator": (
        SALES_NAVIGATOR,
        "people",
        {
            "first_name": "firstName",
            "last_name": "lastName",
            "person_name": "fullName",
            "title": "title",
            "linkedin": "defaultProfileUrl",
            "company_name": "companyName",
            "company_linkedin": "regularCompanyUrl",
            "industry": "industry",
            "past_company_name": "pastExperienceCompanyName",
            "past_company_linkedin": "pastExperienceCompanyUrl",
            "past_title": "pastExperienceCompanyTitle",
            "past_dates": "pastExperienceDate",
            "past_duration": "pastExperienceDuration",
            "time_in_role": "durationInRole",
            "time_in_company": "durationInCompany",
        },
        [],
    ),
    "LinkedIn Connections": (
        CONNECTIONS,
        "people",
        {
            "first_name": "First Name",
            "last_name": "Last Name",
            "linkedin": "URL",
            "email": "Email Address",
            "company_name": "Company",
            "title": "Position",
            "connected_on": "Connected On",
        },
        [],
    ),
    "CRM contacts": (
        CRM,
        "people",
        {
            "first_name": "First Name",
            "last_name": "Last Name",
            "email": "Email",
            "title": "Job Title",
            "company_name": "Company Name",
            "website": "Website URL",
            "country": "Country/Region",
            "phone": "Phone Number",
            "linkedin": "LinkedIn URL",
        },
        [],
    ),
}
_VANITY = "https://www.linkedin.com/in/marta-van-der-lind"
_HASHED = "https://www.linkedin.com/in/ACwAABb3kLQBx9Zr7h2mZt0vYwQeRtYuIoPasDf"
_SALES = "https://www.linkedin.com/sales/lead/ACwAABb3kLQBx9Zr7h2mZt0vYwQeRtYuIoPasDf,NAME_SEARCH,abcd"


@pytest.mark.parametrize("export", EXPORTS)
def test_an_export_is_mapped(export: str) -> None:
    line, kind, mapping, unrecognised = EXPORTS[export]
    match = match_headers(next(csv.reader([line])))
    assert match.kind == kind
    assert match.mapping == mapping
    assert match.unrecognised == unrecognised
    assert match.notes == []


@pytest.mark.parametrize(
    "labels",
    [
        ("# Employees", "#Employees", "employees", "EMPLOYEES", " Employees "),
        ("Company Name", "companyName", "company_name", "COMPANY-NAME", "Company\u00a0Name"),
        ("E-mail", "Email", "e mail", "EMAIL", "\ufeffEmail"),
        ("Prénom", "Pre\u0301nom"),
    ],
)
def test_spelling_does_not_matter(labels: tuple[str, ...]) -> None:
    assert len({normalise(label) for label in labels}) == 1


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (["Name", "Website", "Industry"], "companies"),
        (["Name", "Title", "Company"], "people"),
        (["Domain"], "companies"),
        (["Email"], "people"),
        (["Email", "Company"], "people"),
        (["Company", "Website", "Phone", "City"], "companies"),
        (["Vorname", "Nachname", "Firma"], "people"),
        (["Customer", "Domain"], "companies"),
        (["AI custom field 4893", "Write email 8739"], "people"),
    ],
)
def test_the_kind_is_seen(header: list[str], kind: str) -> None:
    assert detect_kind(header) == kind


def test_a_bare_label_is_the_companys_own_in_a_list_of_companies() -> None:
    header = ["Name", "URL", "LinkedIn", "City", "Country", "Phone", "Size", "Description", "Website"]
    assert match_headers(header, "companies").mapping == {
        "company_name": "Name",
        "website": "Website",
        "company_linkedin": "LinkedIn",
        "company_city": "City",
        "company_country": "Country",
        "company_phone": "Phone",
        "employee_count": "Size",
        "company_description": "Description",
    }


def test_a_customer_list_is_read_as_asked() -> None:
    assert match_headers(["Customer", "Domain", "Since"], "customers").mapping == {
        "company_name": "Customer",
        "company_domain": "Domain",
    }


def test_the_name_for_emails_stands_in_where_there_is_no_other() -> None:
    match = match_headers(["First Name", "Company Name for Emails", "Email"])
    assert match.mapping["company_name"] == "Company Name for Emails"
    assert "person_name" not in match.mapping


def test_custom_columns_are_listed() -> None:
    match = match_headers(["First Name", "AI custom field 4893", "Company", "Write email 8739", "Stage"])
    assert match.unrecognised == ["AI custom field 4893", "Write email 8739"]
    assert match.unused == ["Stage"]


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (
            {"profileUrl": [_SALES], "linkedInProfileUrl": [_HASHED], "defaultProfileUrl": [_VANITY]},
            "defaultProfileUrl",
        ),
        ({"profileUrl": [_SALES], "linkedInProfileUrl": [_VANITY], "defaultProfileUrl": [""]}, "linkedInProfileUrl"),
        ({"profileUrl": [_VANITY], "linkedInProfileUrl": [_HASHED], "defaultProfileUrl": [_HASHED]}, "profileUrl"),
        ({"profileUrl": [_SALES], "linkedInProfileUrl": [_HASHED], "defaultProfileUrl": [_HASHED]}, None),
        ({"profileUrl": [""], "linkedInProfileUrl": [""], "defaultProfileUrl": [""]}, "defaultProfileUrl"),
    ],
)
def test_hashed_and_sales_navigator_links_are_no_profiles(cells: dict[str, list[str]], column: str | None) -> None:
    match = match_headers(SALES_NAVIGATOR.split(","), None, cells)
    assert match.mapping.get("linkedin") == column
    assert bool(match.notes) == (column is None)


@pytest.mark.parametrize(
    ("header", "cells", "mapping"),
    [
        (["Full Name", "URL"], {"URL": ["https://northgate.example"]}, {"person_name": "Full Name"}),
        (
            ["Full Name", "Company", "Company URL"],
            {"Company URL": ["https://www.linkedin.com/company/northgate"]},
            {"person_name": "Full Name", "company_name": "Company", "company_linkedin": "Company URL"},
        ),
        (
            ["Full Name", "Company", "Company URL"],
            {"Company URL": ["https://northgate.example"]},
            {"person_name": "Full Name", "company_name": "Company", "website": "Company URL"},
        ),
        (
            ["Full Name", "LinkedIn", "LinkedIn Profile"],
            {"LinkedIn": ["https://www.linkedin.com/company/northgate"], "LinkedIn Profile": [_VANITY]},
            {"person_name": "Full Name", "linkedin": "LinkedIn Profile"},
        ),
        (
            ["Full Name", "Work Direct Phone", "Mobile Phone"],
            {"Work Direct Phone": ["", ""], "Mobile Phone": ["'+1 415-555-0100", ""]},
            {"person_name": "Full Name", "phone": "Mobile Phone"},
        ),
    ],
)
def test_cells_decide_where_labels_do_not(
    header: list[str], cells: dict[str, list[str]], mapping: dict[str, str]
) -> None:
    assert match_headers(header, None, cells).mapping == mapping


@pytest.mark.parametrize(
    ("header", "cells", "field"),
    [
        (["Vorname", "Name"], {}, "last_name"),
        (["Vorname", "Name"], {"Vorname": ["Ada", "Jo"], "Name": ["King", "Berg"]}, "last_name"),
        (["Vorname", "Name"], {"Vorname": ["Ada", "Jo"], "Name": ["Ada King", "BERG Jo"]}, "person_name"),
        (["Voornaam", "Naam"], {"Voornaam": ["Ada", ""], "Naam": ["King", "Berg"]}, "last_name"),
        (["First Name", "Name"], {}, "person_name"),
        (["First Name", "Name"], {"First Name": ["Ada", "Jo"], "Name": ["King", "Berg"]}, "last_name"),
        (["Vorname", "Nachname", "Name"], {}, "person_name"),
    ],
)
def test_name_beside_a_first_name_is_a_surname(header: list[str], cells: dict[str, list[str]], field: str) -> None:
    assert match_headers(header, "people", cells).mapping[field] == header[-1]


@pytest.mark.parametrize(
    ("written", "typed"),
    [("Société", "SOCIETE"), ("Prénom", "Prenom"), ("Gründungsjahr", "Gruendungsjahr"), ("Teléfono", "TELEFONO")],
)
def test_accents_and_umlauts_may_be_left_out(written: str, typed: str) -> None:
    there, here = match_headers(["Email", written]).mapping, match_headers(["Email", typed]).mapping
    assert len(there) == len(here) == 2
    assert there.keys() == here.keys()


def test_a_label_of_the_other_kind_of_file_is_still_taken_apart() -> None:
    assert match_headers(["Company Name", "Land/regio"], "companies").mapping["company_country"] == "Land/regio"


def test_a_company_url_is_a_page_of_linkedin_only_as_scrapers_write_it() -> None:
    assert match_headers(["first_name", "website", "company_url"]).mapping.get("company_linkedin") is None
    assert match_headers(["firstName", "website", "companyUrl"]).mapping["company_linkedin"] == "companyUrl"
