"""Work histories in the shapes that vendors document; everybody in them is invented."""

from __future__ import annotations

from typing import Any

HISTORIES: dict[str, dict[str, Any]] = {
    "linkedin voyager: one object for both dates": {
        "positions": {
            "elements": [
                {
                    "companyName": "Tern Vale",
                    "title": "Head of Care",
                    "timePeriod": {"startDate": {"month": 7, "year": 2021}},
                },
                {
                    "companyName": "Hollow Pine",
                    "title": "Nurse",
                    "timePeriod": {"startDate": {"year": 2015}, "endDate": {"month": 12, "year": 2018}},
                },
            ]
        }
    },
    "dateRange with start and end": {
        "experience": [
            {"company": "Tern Vale", "position": "Head of Care", "dateRange": {"start": {"year": 2021, "month": 7}}},
            {"company": "Hollow Pine", "position": "Nurse", "date_range": {"start": "2015", "end": "2018-12"}},
        ]
    },
    "date as an object": {
        "jobs": [
            {"organization": "Tern Vale", "role": "Head of Care", "date": {"start": "Jul 2021", "end": "Present"}},
            {"organization": "Hollow Pine", "role": "Nurse", "date": {"start": "2015", "end": "Dec 2018"}},
        ]
    },
    "proxycurl": {
        "experiences": [
            {
                "starts_at": {"day": None, "month": 7, "year": 2021},
                "ends_at": None,
                "company": "Tern Vale",
                "company_linkedin_profile_url": "https://www.linkedin.com/company/tern-vale",
                "title": "Head of Care",
            },
            {
                "starts_at": {"year": 2015, "month": None, "day": None},
                "ends_at": {"year": 2018, "month": 12, "day": None},
                "company": "Hollow Pine",
                "title": "Nurse",
            },
        ]
    },
    "people data labs": {
        "experience": [
            {
                "company": {
                    "name": "Tern Vale",
                    "website": "ternvale.com",
                    "linkedin_url": "linkedin.com/company/tern-vale",
                },
                "title": {"name": "Head of Care", "role": "health", "levels": ["director"]},
                "start_date": "2021-07",
                "end_date": None,
                "is_primary": True,
            },
            {
                "company": {"name": "Hollow Pine"},
                "title": {"name": "Nurse"},
                "start_date": "2015",
                "end_date": "2018-12",
                "is_primary": False,
            },
        ]
    },
    "coresignal, member_experience_collection": {
        "member_experience_collection": [
            {
                "company_name": "Tern Vale",
                "title": "Head of Care",
                "date_from": "July 2021",
                "date_to": None,
                "deleted": 0,
            },
            {
                "company_name": "Hollow Pine",
                "title": "Nurse",
                "date_from": "2015",
                "date_to": "December 2018",
                "deleted": 0,
            },
        ]
    },
    "coresignal, multi source": {
        "experience": [
            {
                "active_experience": 1,
                "position_title": "Head of Care",
                "company_name": "Tern Vale",
                "date_from_year": 2021,
                "date_from_month": 7,
                "date_to_year": None,
                "date_to_month": None,
            },
            {
                "active_experience": 0,
                "position_title": "Nurse",
                "company_name": "Hollow Pine",
                "date_from_year": 2015,
                "date_to_year": 2018,
                "date_to_month": 12,
            },
        ]
    },
    "apify, cards with sub-components": {
        "experiences": [
            {
                "title": "Tern Vale",
                "subtitle": "Full-time · 3 yrs",
                "breakdown": True,
                "subComponents": [
                    {"title": "Head of Care", "caption": "Jul 2021 - Present · 3 yrs", "metadata": "Oslo"}
                ],
            },
            {
                "title": "Nurse",
                "subtitle": "Hollow Pine · Full-time",
                "caption": "2015 - Dec 2018 · 4 yrs",
                "breakdown": False,
                "subComponents": [{"description": [{"type": "textComponent", "text": "Care."}]}],
            },
        ]
    },
    "bright data": {
        "experience": [
            {
                "company": "Tern Vale",
                "url": "https://no.linkedin.com/company/tern-vale",
                "positions": [{"title": "Head of Care", "start_date": "Jul 2021", "end_date": "Present"}],
            },
            {"company": "Hollow Pine", "title": "Nurse", "start_date": "2015", "end_date": "Dec 2018"},
        ]
    },
    "apollo": {
        "employment_history": [
            {
                "current": True,
                "organization_name": "Tern Vale",
                "title": "Head of Care",
                "start_date": "2021-07",
                "end_date": None,
            },
            {
                "current": False,
                "organization_name": "Hollow Pine",
                "title": "Nurse",
                "start_date": "2015",
                "end_date": "2018-12",
            },
        ]
    },
    "rapidapi": {
        "fullPositions": [
            {
                "companyName": "Tern Vale",
                "title": "Head of Care",
                "start": {"year": 2021, "month": 7, "day": 0},
                "end": {"year": 0, "month": 0, "day": 0},
            },
            {
                "companyName": "Hollow Pine",
                "title": "Nurse",
                "start": {"year": 2015, "month": 0, "day": 0},
                "end": {"year": 2018, "month": 12, "day": 0},
            },
        ]
    },
    "a range in the start field": {
        "experience": [
            {"company": "Tern Vale", "title": "Head of Care", "start_date": "Jul 2021 - Present"},
            {"company": "Hollow Pine", "title": "Nurse", "start_date": "2015 \u2013 Dec 2018"},
        ]
    },
    "keys as column labels": {
        "Work Experience": [
            {"Company Name": "Tern Vale", "Job Title": "Head of Care", "Start Date": "2021-07", "End Date": ""},
            {"COMPANY_NAME": "Hollow Pine", "JOB-TITLE": "Nurse", "start date": "2015", "end date": "2018-12"},
        ]
    },
    "a flag that the end is present": {
        "experience": [
            {"company": "Tern Vale", "title": "Head of Care", "start_date": "2021-07", "endDateIsPresent": True},
            {
                "company": "Hollow Pine",
                "title": "Nurse",
                "start_date": "2015",
                "end_date": "2018-12",
                "currently": False,
            },
        ]
    },
    "current and past lists": {
        "current_positions": [{"company": "Tern Vale", "title": "Head of Care", "start_date": "2021-07"}],
        "past_positions": [{"company": "Hollow Pine", "title": "Nurse", "start_date": "2015", "end_date": "2018-12"}],
    },
    "JSON in a cell": {
        "experience": '[{"company": "Tern Vale", "title": "Head of Care", "start": "2021-07"}, '
        '{"company": "Hollow Pine", "title": "Nurse", "start": "2015", "end": "2018-12"}]'
    },
}
