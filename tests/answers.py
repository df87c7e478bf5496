"""A person's answer as enrichment tools send it, one job going on and one over; tests read it and vary it."""

from __future__ import annotations

AS_OF = "2026-11-20"

JOB = {
    "url": "https://www.linkedin.com/company/kestrelpay",
    "title": "Director, Sales",
    "company": "KestrelPay",
    "start_date": "2019-09-01",
    "end_date": "2024-03-01",
    "is_current": False,
    "company_domain": "kestrelpay.example",
}

NOW = {"title": "VP Sales", "company": "Northgate", "company_domain": "northgate.example", "start_date": "2024-03"}

PERSON = {
    "first_name": "Marta",
    "last_name": "van der Lind",
    "url": "https://www.linkedin.com/in/marta",
    "experience": [NOW | {"is_current": True}, JOB],
}
