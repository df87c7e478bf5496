"""Companies in the shapes that vendors document; everything about them is invented."""

from __future__ import annotations

from typing import Any

import pytest

from app.extraction.companies import Company, read_company
from app.extraction.reports import Report

COMPANIES: dict[str, dict[str, Any]] = {
    "apollo": {
        "name": "Tern Vale",
        "primary_domain": "ternvale.com",
        "website_url": "http://www.ternvale.com",
        "estimated_num_employees": 143,
        "industry": "hospital & health care",
        "founded_year": 2009,
        "linkedin_url": "http://www.linkedin.com/company/tern-vale",
    },
    "people data labs, in a person's record": {
        "job_company_name": "Tern Vale",
        "job_company_website": "ternvale.com",
        "job_company_size": "51-200",
        "job_company_industry": "hospital & health care",
        "job_company_linkedin_url": "linkedin.com/company/tern-vale",
        "founded": 2009,
        "employee_count": 143,
    },
    "column labels": {
        "Company Name": "Tern Vale",
        "Company Domain": "ternvale.com",
        "EMPLOYEE_COUNT": "143",
        "Industry": "hospital & health care",
        "Founded": "2009",
        "LinkedIn": "https://www.linkedin.com/company/tern-vale",
    },
    "proxycurl": {
        "name": "Tern Vale",
        "website": "https://www.ternvale.com",
        "company_size": [51, 200],
        "company_size_on_linkedin": 143,
        "industry": "hospital & health care",
        "founded_year": 2009,
        "company_linkedin_url": "https://www.linkedin.com/company/tern-vale",
    },
    "linkedin voyager": {
        "name": "Tern Vale",
        "companyPageUrl": "https://www.linkedin.com/company/tern-vale",
        "website": "https://ternvale.com/",
        "staffCount": 143,
        "staffCountRange": {"start": 51, "end": 200},
        "foundedOn": {"year": 2009},
        "industries": ["hospital & health care"],
    },
}


@pytest.mark.parametrize("name", COMPANIES)
def test_a_company_is_read_whatever_tool_wrote_it(name: str) -> None:
    report = Report()
    found = read_company(COMPANIES[name], report)
    assert (found.company_name, found.company_domain, found.size_bucket, found.founded_year, found.industry) == (
        "Tern Vale",
        "ternvale.com",
        "51-200",
        2009,
        "hospital & health care",
    )
    assert found.company_linkedin == "https://www.linkedin.com/company/tern-vale"
    assert found.employee_count == 143
    assert report.lines == {}


def test_the_seat_of_a_company_is_no_country_where_it_can_be_a_state() -> None:
    found = read_company({"name": "Tern Vale", "headquarters": "Boston, MA", "industry": "Care"}, Report())
    assert (found.company_city, found.company_state, found.company_country) == ("Boston", "MA", None)
    found = read_company({"name": "T", "hq": {"city": "Oslo", "country": "NO"}, "industry": "Care"}, Report())
    assert isinstance(found, Company)
    assert (found.company_city, found.company_country) == ("Oslo", "Norway")
