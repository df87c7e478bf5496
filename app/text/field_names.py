"""What a field is called where people read it, once for pages, messages, the command line and exported files.

A field has a heading, short because its column stands below it, and a label for sentences and forms, which says by
itself what it is: the column "LinkedIn" holds the "LinkedIn URL". A field that is not listed is called by its own name.
"""

from __future__ import annotations

__all__ = ["COMPANY_FIELDS", "IDENTITY_COLUMNS", "PERSON_FIELDS", "field_heading", "field_label", "in_words"]

IDENTITY_COLUMNS = frozenset(
    (
        *("person_name", "first_name", "last_name", "title", "email", "linkedin"),
        *("company_name", "company_domain", "company_linkedin", "website", "industry", "country"),
    )
)
"""The columns of `batch_items` that a workflow may overwrite with what it found out."""

PERSON_FIELDS = (
    *("person_name", "first_name", "last_name", "title", "headline", "seniority", "department"),
    *("email", "email_status", "phone", "linkedin", "city", "state", "country", "location"),
)
"""What a lead says about the person, in the order of lists and files."""

COMPANY_FIELDS = (
    *("company_name", "company_domain", "company_linkedin", "website", "industry", "size_bucket", "employee_count"),
    *("company_city", "company_state", "company_country", "company_phone", "annual_revenue", "total_funding"),
    *("latest_funding", "founded_year", "company_type", "company_description", "specialties"),
)
"""What it says about the company; both are what the readers of answers look for."""

_NAMES: dict[str, tuple[str, str]] = {
    # its heading, then its label
    "person_name": ("Name", "person name"),
    "email": ("E-mail", "e-mail address"),
    "email_status": ("E-mail status", "e-mail status"),
    "linkedin": ("LinkedIn", "LinkedIn URL"),
    "current_job_start": ("In role since", "start in this role"),
    "is_new_in_role": ("New in role", "new in role"),
    "company_name": ("Company", "company name"),
    "company_linkedin": ("Company LinkedIn", "company LinkedIn URL"),
    "current_company_linkedin": ("Current company LinkedIn", "current company LinkedIn URL"),
    "past_company_linkedin": ("Past company LinkedIn", "past company LinkedIn URL"),
    "size_bucket": ("Company size", "employee range"),
    "employee_count": ("Employees", "number of employees"),
    "founded_year": ("Founded", "year founded"),
    "worked_at_customer": ("Worked at a customer", "worked at a customer"),
    "works_at_customer": ("Works at a customer", "works at a customer"),
}

_WORDS: dict[str, str] = {
    "batch_items": "rows of batches",
    "callback_inbox": "callbacks",
    "client_customers": "customers",
    "client_workflow_configs": "Clay configurations",
    "enrichment_pipelines": "pipelines",
    "enrichment_results": "step results",
    "final_leads": "leads",
    "person_work_history": "positions",
    "raw_apollo_uploads": "uploaded rows",
    "save_workflow_config": "save Clay configuration",
    "workflow_states": "steps of rows",
}
"""The tables, where a page or a command counts their rows, and the actions that people know by another name."""


def field_label(name: str) -> str:
    """A field's name in a sentence or beside an input: `company_domain` is "company domain"."""
    known = _NAMES.get(name)
    return known[1] if known else in_words(name)


def field_heading(name: str) -> str:
    """A field's name above its column: `company_domain` is "Company domain"."""
    known = _NAMES.get(name)
    return known[0] if known else in_words(name).capitalize()


def in_words(name: str) -> str:
    """Any other name of the data (a verdict, an action, a table) as people read it: `given_up` is "given up"."""
    return _WORDS.get(name) or name.replace("_", " ")
