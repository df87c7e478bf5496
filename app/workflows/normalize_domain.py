"""The company's domain, and LinkedIn URLs in one spelling: the keys by which Clay and other tools look things up.

Reads whatever hints at the domain, in the order of trust: a domain column, the website, the e-mail address.
"""

from __future__ import annotations

from app.text.domains import company_domain
from app.text.linkedin import linkedin_company, linkedin_person
from app.workflow import ComputeWorkflow, Fields


class Input(Fields):
    """Columns that may name the company's domain, and the LinkedIn columns."""

    company_domain: str | None = None
    website: str | None = None
    email: str | None = None
    linkedin: str | None = None
    company_linkedin: str | None = None


class Output(Fields):
    """The domain in ASCII (None: there is no domain of its own) and canonical LinkedIn URLs."""

    company_domain: str | None = None
    linkedin: str | None = None
    company_linkedin: str | None = None


def normalize(row: Input) -> Output:
    """Find the domain; put the LinkedIn URLs that are there into their canonical form."""
    found: dict[str, str | None] = {
        "company_domain": company_domain(row.company_domain) or company_domain(row.website) or company_domain(row.email)
    }
    if row.linkedin:
        found["linkedin"] = linkedin_person(row.linkedin)
    if row.company_linkedin:
        found["company_linkedin"] = linkedin_company(row.company_linkedin)
    elif row.linkedin and (page := linkedin_company(row.linkedin)):
        found["company_linkedin"] = page
    return Output(**found)


workflow = ComputeWorkflow(
    slug="normalize_domain",
    title="Normalize domain and LinkedIn",
    description=(
        "Finds the company's own domain from its website or e-mail address, ignoring free-mail, social and shared "
        "hosts; makes LinkedIn URLs canonical."
    ),
    Input=Input,
    Output=Output,
    identity=("company_domain", "linkedin", "company_linkedin"),
    run=normalize,
)
