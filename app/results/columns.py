"""The columns of a lead that lists show and files hold, by name and in the user's words."""

from __future__ import annotations

from collections.abc import Sequence

from app.errors import InputError

__all__ = ["DEFAULT_COLUMNS", "FLAGS", "LEAD_COLUMNS", "NUMBERS", "chosen_columns"]

LEAD_COLUMNS: dict[str, str] = {
    "person_name": "Name",
    "first_name": "First name",
    "last_name": "Last name",
    "title": "Title",
    "headline": "Headline",
    "seniority": "Seniority",
    "department": "Department",
    "email": "E-mail",
    "email_status": "E-mail status",
    "phone": "Phone",
    "linkedin": "LinkedIn",
    "city": "City",
    "state": "State",
    "country": "Country",
    "current_job_start": "In role since",
    "is_new_in_role": "New in role",
    "company_name": "Company",
    "company_domain": "Company domain",
    "company_linkedin": "Company LinkedIn",
    "website": "Website",
    "industry": "Industry",
    "size_bucket": "Company size",
    "employee_count": "Employees",
    "company_city": "Company city",
    "company_state": "Company state",
    "company_country": "Company country",
    "company_phone": "Company phone",
    "annual_revenue": "Annual revenue",
    "total_funding": "Total funding",
    "latest_funding": "Latest funding",
    "founded_year": "Founded",
    "company_type": "Company type",
    "company_description": "Company description",
    "specialties": "Specialties",
    "worked_at_customer": "Worked at a customer",
    "works_at_customer": "Works at a customer",
    "customers": "Customers",
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
        raise InputError(f"There is no column {', '.join(unknown)}.", f"The columns are: {', '.join(LEAD_COLUMNS)}.")
    return wanted
