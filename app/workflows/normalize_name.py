"""Names as people write them in a letter: of the person, and of the company.

Usually the second step: it reads what `split_raw` took out of the row (or the identity columns of the item) and writes
back names that e-mail copy, matching and Clay lookups can use.
"""

from __future__ import annotations

from app.text.companies import company_name
from app.text.names import person_name
from app.workflow import ComputeWorkflow, Fields


class Input(Fields):
    """Any of the columns that hold a name; `country` tells where people bear two surnames."""

    person_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    country: str | None = None


class Output(Fields):
    """The names that were there, clean."""

    person_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None


def normalize(row: Input) -> Output:
    """Clean the person's and the company's name; a name that is not there is left alone."""
    names: dict[str, str | None] = {}
    if row.person_name or row.first_name or row.last_name:
        name = person_name(row.person_name, row.first_name, row.last_name, row.country)
        names |= {"person_name": name.full, "first_name": name.first, "last_name": name.last}
    if row.company_name:
        names["company_name"] = company_name(row.company_name)
    return Output(**names)


workflow = ComputeWorkflow(
    slug="normalize_name",
    title="Normalize names",
    description=(
        "Cleans first, last and full names of titles, credentials, emoji and taglines and corrects their capitals; "
        "removes the legal form from company names."
    ),
    Input=Input,
    Output=Output,
    identity=("person_name", "first_name", "last_name", "company_name"),
    run=normalize,
)
