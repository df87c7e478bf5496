"""The columns of a lead that lists show and files hold, by name and in the user's words."""

from __future__ import annotations

from collections.abc import Sequence

from app.errors import InputError
from app.text.field_names import COMPANY_FIELDS, PERSON_FIELDS, field_heading

__all__ = ["DEFAULT_COLUMNS", "FLAGS", "LEAD_COLUMNS", "NUMBERS", "chosen_columns"]

LEAD_COLUMNS: dict[str, str] = {
    name: field_heading(name)
    for name in (
        *(field for field in PERSON_FIELDS if field != "location"),
        *("current_job_start", "is_new_in_role"),
        *COMPANY_FIELDS,
        *("worked_at_customer", "works_at_customer", "customers"),
    )
}
"""Columns of a lead that can be chosen, and what they are called in files and on pages."""

DEFAULT_COLUMNS = (
    "person_name",
    "title",
    "email",
    "linkedin",
    "country",
    "company_name",
    "company_domain",
    "industry",
    "size_bucket",
    "current_job_start",
    "is_new_in_role",
    "worked_at_customer",
    "customers",
)
NUMBERS = frozenset(("employee_count", "founded_year"))
FLAGS = frozenset(("is_new_in_role", "worked_at_customer", "works_at_customer"))


def chosen_columns(columns: Sequence[str] | None) -> list[str]:
    """The wanted columns, in the order given.

    Raises:
        InputError: there is no such column.
    """
    wanted = list(dict.fromkeys(columns or DEFAULT_COLUMNS))
    unknown = [name for name in wanted if name not in LEAD_COLUMNS]
    if unknown:
        raise InputError(
            f"Unknown column{'s' * (len(unknown) > 1)}: {', '.join(unknown)}.",
            f"The columns are: {', '.join(LEAD_COLUMNS)}.",
        )
    return wanted
