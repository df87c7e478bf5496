"""Headers: what becomes a field, of which kind the file is, and where cells decide what labels leave open."""

from __future__ import annotations

import csv

import pytest

from app.intake.headers import detect_kind, match_headers, normalise
from tests.unit.tables.export_mappings import EXPORTS, SALES_NAVIGATOR

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


@pytest.mark.parametrize(
    "label",
    ["Kontakt-Inhaber", "Contact owner", "Propriétaire du contact", "Titolare account", "Organización - Dirección"],
)
def test_what_is_no_field_of_the_row_is_none(label: str) -> None:
    assert match_headers(["Email", label]).mapping == {"email": "Email"}
