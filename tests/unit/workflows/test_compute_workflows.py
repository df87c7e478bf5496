"""The three compute workflows on whole rows: what they write, what they leave alone, what they clear."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from app.intake.headers import FIELDS, match_headers
from app.local.samples.files import write_people
from app.workflows import registry
from app.workflows.split_raw import Output

ROW = {
    "First Name": " Marta ",
    "Last Name": "van der Lind",
    "Title": "VP,  Revenue\nOperations",
    "Company Name": "Northgate Robotics B.V.",
    "Email": "Marta@Northgaterobotics.example",
    "Email Status": "Verified",
    "Work Direct Phone": "",
    "Mobile Phone": "'020 123 4567",
    "Corporate Phone": "+31 30 123 4567",
    "# Employees": "51-200",
    "Industry": "machinery",
    "Person Linkedin Url": "http://www.linkedin.com/in/Marta-van-der-Lind/",
    "Website": "northgaterobotics.example",
    "Company Linkedin Url": "https://linkedin.com/company/northgate-robotics/about",
    "City": "UTRECHT",
    "State": "-",
    "Country": "Nederland",
    "Founded Year": "2017.0",
    "Keywords": "robots, warehouses",
    "Email Sent": "false",
}
MAPPING = {
    "first_name": "First Name",
    "last_name": "Last Name",
    "title": "Title",
    "company_name": "Company Name",
    "email": "Email",
    "email_status": "Email Status",
    "phone": "Work Direct Phone",
    "company_phone": "Corporate Phone",
    "employee_count": "# Employees",
    "industry": "Industry",
    "linkedin": "Person Linkedin Url",
    "website": "Website",
    "company_linkedin": "Company Linkedin Url",
    "city": "City",
    "state": "State",
    "country": "Country",
    "founded_year": "Founded Year",
    "keywords": "Keywords",
}


def split(row: dict[str, Any], mapping: dict[str, str] | None = None) -> tuple[dict[str, Any], dict[str, Any] | None]:
    workflow = registry()["split_raw"]
    assert workflow.kind == "compute"
    return workflow.execute({}, row, mapping or {name: name for name in row})  # type: ignore[union-attr]


def normalize(slug: str, **fields: Any) -> dict[str, Any]:
    parsed, _ = registry()[slug].execute(fields)  # type: ignore[union-attr]
    return parsed  # type: ignore[no-any-return]


def test_a_row_is_split_into_clean_fields() -> None:
    parsed, identity = split(ROW, MAPPING)
    assert parsed == {
        "first_name": "Marta",
        "last_name": "van der Lind",
        "title": "VP, Revenue Operations",
        "company_name": "Northgate Robotics B.V.",
        "email": "marta@northgaterobotics.example",
        "email_status": "verified",
        "phone": "+31201234567",
        "company_phone": "+31301234567",
        "employee_count": 51,
        "industry": "machinery",
        "linkedin": "https://www.linkedin.com/in/marta-van-der-lind",
        "website": "https://northgaterobotics.example",
        "company_linkedin": "https://www.linkedin.com/company/northgate-robotics",
        "city": "Utrecht",
        "state": None,
        "country": "Netherlands",
        "founded_year": 2017,
        "keywords": "robots, warehouses",
    }
    assert identity is not None
    assert identity["email"] == "marta@northgaterobotics.example"
    assert "city" not in identity


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("linkedin", "https://www.linkedin.com/sales/lead/ACwAAABcDeFgHiJkLmNo,NAME_SEARCH,x", None),
        ("linkedin", "https://www.linkedin.com/in/ACwAAABcDeFgHiJkLmNoPqRsTuVwXyZ0123456789", None),
        ("company_linkedin", "https://www.linkedin.com/in/jane", None),
        ("past_company_linkedin", "linkedin.com/company/1234/", "https://www.linkedin.com/company/1234"),
        ("email", "email_not_unlocked@domain.com", None),
        ("email", "jane at acme", None),
        ("email", "null", None),
        ("website", "N/A", None),
        ("website", "Acme.com", "https://acme.com"),
        ("company_domain", "https://www.acme.co.uk/", "acme.co.uk"),
        ("company_domain", "bücher.de", "xn--bcher-kva.de"),
        ("employee_count", "1,234", 1234),
        ("employee_count", "02-Oct", 2),
        ("employee_count", "many", None),
        ("founded_year", "n/a", None),
        ("company_country", "DE", "Germany"),
        ("company_description", "Builds\nrobots.", "Builds\nrobots."),
        ("headline", "'=VP @ Acme", "=VP @ Acme"),
        ("annual_revenue", "11911058", "11911058"),
        ("past_title", "Analyst", "Analyst"),
        ("connected_on", "01 Oct 2026", "01 Oct 2026"),
    ],
)
def test_each_cell_is_read_for_what_it_is(field: str, cell: str, value: Any) -> None:
    assert split({field: cell})[0] == {field: value}


@pytest.mark.parametrize("cell", ["", None])
def test_an_empty_cell_says_nothing(cell: str | None) -> None:
    assert split({"email": cell, "title": cell, "phone": cell})[0] == {}


def test_a_mapped_column_that_the_row_lacks_says_nothing() -> None:
    assert split({"Title": "CEO"}, {"title": "Title", "email": "Email", "unheard_of": "Title"})[0] == {"title": "CEO"}


def test_a_national_number_is_read_in_the_companys_country_too() -> None:
    assert split({"company_phone": "020 123 4567", "company_country": "NL"})[0]["company_phone"] == "+31201234567"
    assert split({"phone": "020 123 4567", "company_country": "NL"})[0]["phone"] == "+31201234567"
    assert split({"phone": "020 123 4567"})[0]["phone"] == "020 123 4567"


def test_every_field_that_an_upload_may_map_is_written() -> None:
    assert {name for fields in FIELDS.values() for name in fields} <= set(Output.model_fields)


def test_names_are_normalised_together() -> None:
    assert normalize(
        "normalize_name", first_name="JANE", last_name="O'NEIL, MBA", company_name="ACME CORP.", title="CEO"
    ) == {"first_name": "Jane", "last_name": "O'Neil", "person_name": "Jane O'Neil", "company_name": "Acme"}


def test_a_row_without_a_person_keeps_quiet_about_one() -> None:
    assert normalize("normalize_name", company_name="Brandt & Soll GmbH") == {"company_name": "Brandt & Soll"}
    assert normalize("normalize_name") == {}


def test_the_country_tells_where_people_bear_two_surnames() -> None:
    parsed = normalize("normalize_name", person_name="Gabriel García Márquez", country="Colombia")
    assert (parsed["first_name"], parsed["last_name"]) == ("Gabriel", "García Márquez")


@pytest.mark.parametrize(
    ("fields", "domain"),
    [
        ({"website": "https://www.acme.com/x", "email": "jane@other.com"}, "acme.com"),
        ({"company_domain": "acme.de", "website": "https://www.acme.com"}, "acme.de"),
        ({"company_domain": "gmail.com", "website": "https://www.acme.com"}, "acme.com"),
        ({"website": "https://www.linkedin.com/company/acme", "email": "jane@acme.com"}, "acme.com"),
        ({"website": "facebook.com/acme", "email": "jane@gmail.com"}, None),
        ({"email": "jane@bücher.de"}, "xn--bcher-kva.de"),
        ({}, None),
    ],
)
def test_the_domain_comes_from_the_best_hint(fields: dict[str, str], domain: str | None) -> None:
    assert normalize("normalize_domain", **fields)["company_domain"] == domain


def test_linkedin_urls_become_canonical_and_change_columns_where_they_belong() -> None:
    assert normalize("normalize_domain", linkedin="uk.linkedin.com/in/Jane-Doe/?trk=x") == {
        "company_domain": None,
        "linkedin": "https://www.linkedin.com/in/jane-doe",
    }
    assert normalize("normalize_domain", linkedin="linkedin.com/company/acme") == {
        "company_domain": None,
        "linkedin": None,
        "company_linkedin": "https://www.linkedin.com/company/acme",
    }


def test_a_realistic_export_goes_through_all_three_and_stays_as_it_is_the_second_time() -> None:
    raw = io.BytesIO()
    write_people(raw, 400)
    rows = list(csv.DictReader(io.StringIO(raw.getvalue().decode("utf-8-sig"))))
    mapping = match_headers(list(rows[0]), "people").mapping
    for row in rows:
        fields, _ = split(row, mapping)
        for slug in ("normalize_name", "normalize_domain"):
            fields |= normalize(slug, **fields)
        assert fields["person_name"]
        assert fields["company_name"]
        again = fields | normalize("normalize_name", **fields)
        assert again | normalize("normalize_domain", **again) == fields


@pytest.mark.parametrize(
    ("cells", "domain"),
    [
        ({"email": "kim@gmail.com; kim@orchardtools.io"}, "orchardtools.io"),
        ({"website": "kim@orchardtools.io"}, "orchardtools.io"),
        ({"website": "https://orchardtools.io/staff/kim@gmail.com"}, None),
        ({"company_domain": "https://sites.google.com/view/oakridge"}, None),
        ({"company_domain": "sam@fastmail.com"}, None),
        ({"company_domain": "https://www.tiktok.com/@oakridge"}, None),
    ],
)
def test_the_domain_in_cells_that_hold_more_than_one_thing(cells: dict[str, str], domain: str | None) -> None:
    mapping = {name: name for name in cells}
    parsed, _ = registry()["split_raw"].execute({}, cells, mapping)
    assert parsed.get("company_domain") == domain


def test_a_company_page_in_the_persons_column_is_the_companys() -> None:
    cells = {"linkedin": "https://www.linkedin.com/company/orchard-tools"}
    parsed, _ = registry()["split_raw"].execute({}, cells, {"linkedin": "linkedin"})
    assert parsed["linkedin"] is None
    assert parsed["company_linkedin"] == "https://www.linkedin.com/company/orchard-tools"
