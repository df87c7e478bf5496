"""Header lines of real exports, and the fields that their columns must become."""

from __future__ import annotations

APOLLO_PEOPLE_2026 = (
    "First Name,Last Name,Title,Company Name,Company Name for Emails,Email,Email Status,Primary Email Source,"
    "Primary Email Verification Source,Email Confidence,Primary Email Catch-all Status,Primary Email Last "
    "Verified At,Seniority,Departments,Sub Departments,Contact Owner,Work Direct Phone,Home Phone,Mobile Phone,"
    "Corporate Phone,Other Phone,Do Not Call,Stage,Lists,Last Contacted,Account Owner,# Employees,Industry,"
    "Keywords,Person Linkedin Url,Website,Company Linkedin Url,Facebook Url,Twitter Url,Address,City,State,"
    "Country,Company Address,Company City,Company State,Company Country,Company Phone,Technologies,Annual "
    "Revenue,Total Funding,Latest Funding,Latest Funding Amount,Last Raised At,Parent company (Apollo data),"
    "Parent company (Apollo data - Organization ID),Email Sent,Email Open,Email Bounced,Replied,Demoed,Number of "
    "Retail Locations,SIC Codes,NAICS Codes,Apollo Contact Id,Apollo Account Id,Apollo Record Id,Secondary Email,"
    "Secondary Email Source,Secondary Email Status,Secondary Email Verification Source,Tertiary Email,Tertiary "
    "Email Source,Tertiary Email Status,Tertiary Email Verification Source,Primary Intent Topic,Primary Intent "
    "Score,Secondary Intent Topic,Secondary Intent Score,Qualify Contact"
)

APOLLO_PEOPLE_2025 = (
    APOLLO_PEOPLE_2026.replace("Twitter Url,Address,", "Twitter Url,")
    .replace("Parent company (Apollo data - Organization ID)", "Subsidiary of (Organization ID)")
    .replace("Parent company (Apollo data)", "Subsidiary of")
    .replace("SIC Codes,NAICS Codes,", "")
    .replace("Apollo Record Id,", "")
)

APOLLO_PEOPLE_2024 = (
    "First Name,Last Name,Title,Company,Company Name for Emails,Email,Email Status,Primary Email Source,Email "
    "Confidence,Primary Email Catch-all Status,Primary Email Last Verified At,Seniority,Departments,Contact "
    "Owner,Work Direct Phone,Home Phone,Mobile Phone,Corporate Phone,Other Phone,Stage,Lists,Last Contacted,"
    "Account Owner,# Employees,Industry,Keywords,Person Linkedin Url,Website,Company Linkedin Url,Facebook Url,"
    "Twitter Url,City,State,Country,Company Address,Company City,Company State,Company Country,Company Phone,SEO "
    "Description,Technologies,Annual Revenue,Total Funding,Latest Funding,Latest Funding Amount,Last Raised At,"
    "Subsidiary of,Email Sent,Email Open,Email Bounced,Replied,Demoed,Number of Retail Locations,Apollo Contact "
    "Id,Apollo Account Id,Secondary Email,Secondary Email Source,Tertiary Email,Tertiary Email Source"
)

APOLLO_SUBSET = (
    "First Name,Last Name,Title,Company Name,Email,Email Status,Primary Email Source,Primary Email Verification "
    "Source,Email Confidence,Primary Email Catch-all Status,Primary Email Last Verified At,Seniority,Sub "
    "Departments,Work Direct Phone,Home Phone,Mobile Phone,Corporate Phone,Other Phone,Do Not Call,Lists,Person "
    "Linkedin Url,Country,Subsidiary of,Subsidiary of (Organization ID),Secondary Email,Secondary Email Source,"
    "Secondary Email Status,Secondary Email Verification Source,Tertiary Email,Tertiary Email Source,Tertiary "
    "Email Status,Tertiary Email Verification Source,Primary Intent Topic,Primary Intent Score,Secondary Intent "
    "Topic,Secondary Intent Score,Qualify Contact,Cleaned"
)

APOLLO_SCRAPE = (
    "First Name,Last Name,Full Name,Title,Headline,Seniority,Email,LinkedIn Link,Lead City,Lead State,Lead "
    "Country,Company Name,Company Website Full,Company Website Short,Company Blog Link,Company Twitter Link,"
    "Company Facebook Link,Company LinkedIn Link,Company Phone Number,Industry,Last Fund Raised At,Number of "
    "Retail Locations"
)

APOLLO_COMPANIES_2026 = (
    "Company Name,Company Name for Emails,Account Stage,Lists,# Employees,Industry,Account Owner,Website,Company "
    "Linkedin Url,Facebook Url,Twitter Url,Company Street,Company City,Company State,Company Country,Company "
    "Postal Code,Company Address,Keywords,Company Phone,Technologies,Total Funding,Latest Funding,Latest Funding "
    "Amount,Last Raised At,Annual Revenue,Number of Retail Locations,Apollo Account Id,SIC Codes,NAICS Codes,"
    "Short Description,Founded Year,Logo Url,Subsidiary of,Subsidiary of (Organization ID),Primary Intent Topic,"
    "Primary Intent Score,Secondary Intent Topic,Secondary Intent Score"
)

APOLLO_COMPANIES_SUBSET = (
    "Company Name,Website,Industry,# Employees,Company Country,Keywords,Technologies,Apollo Account Id,Parent "
    "company (Apollo data)"
)

LOOKALIKE = (
    "Company Name,Company Name for Emails,Headcount,Employee Size,Industry,Industry Tags,Product and Services,"
    "Description,SEO Description,Website,LinkedIn,Company Type,Number of Locations,Company Address,Company "
    "Country,Company State,Annual Revenue,Last Funding Type,Last Funding Amount,AI Ark Account ID"
)

SALES_NAVIGATOR = (
    "profileUrl,fullName,firstName,lastName,companyName,title,companyId,companyUrl,regularCompanyUrl,summary,"
    "titleDescription,industry,companyLocation,location,durationInRole,durationInCompany,"
    "pastExperienceCompanyName,pastExperienceCompanyUrl,pastExperienceCompanyTitle,pastExperienceDate,"
    "pastExperienceDuration,connectionDegree,profileImageUrl,sharedConnectionsCount,name,vmid,linkedInProfileUrl,"
    "isPremium,isOpenLink,query,timestamp,defaultProfileUrl"
)

CONNECTIONS = "First Name,Last Name,URL,Email Address,Company,Position,Connected On"

CRM = (
    "First Name,Last Name,Email,Job Title,Company Name,Website URL,Country/Region,Phone Number,LinkedIn URL,"
    "Lifecycle Stage"
)

_APOLLO_PERSON = {
    "first_name": "First Name",
    "last_name": "Last Name",
    "title": "Title",
    "seniority": "Seniority",
    "email": "Email",
    "email_status": "Email Status",
    "phone": "Work Direct Phone",
    "linkedin": "Person Linkedin Url",
    "country": "Country",
    "company_name": "Company Name",
}

_APOLLO_COMPANY = {
    "company_name": "Company Name",
    "company_linkedin": "Company Linkedin Url",
    "website": "Website",
    "industry": "Industry",
    "employee_count": "# Employees",
    "company_city": "Company City",
    "company_state": "Company State",
    "company_country": "Company Country",
    "company_phone": "Company Phone",
    "annual_revenue": "Annual Revenue",
    "total_funding": "Total Funding",
    "latest_funding": "Latest Funding",
    "keywords": "Keywords",
    "technologies": "Technologies",
}

_APOLLO_BOTH = _APOLLO_COMPANY | _APOLLO_PERSON | {"city": "City", "state": "State", "department": "Departments"}

EXPORTS = {
    "Apollo people 2026": (
        APOLLO_PEOPLE_2026,
        "people",
        _APOLLO_BOTH | {"parent_company": "Parent company (Apollo data)"},
        [],
    ),
    "Apollo people 2025": (APOLLO_PEOPLE_2025, "people", _APOLLO_BOTH | {"parent_company": "Subsidiary of"}, []),
    "Apollo people to 2024": (
        APOLLO_PEOPLE_2024,
        "people",
        _APOLLO_BOTH
        | {"company_name": "Company", "parent_company": "Subsidiary of", "company_description": "SEO Description"},
        [],
    ),
    "Apollo people, a subset": (
        APOLLO_SUBSET,
        "people",
        _APOLLO_PERSON | {"company_phone": "Corporate Phone", "parent_company": "Subsidiary of"},
        ["Cleaned"],
    ),
    "Apollo scrape": (
        APOLLO_SCRAPE,
        "people",
        {
            "first_name": "First Name",
            "last_name": "Last Name",
            "person_name": "Full Name",
            "title": "Title",
            "headline": "Headline",
            "seniority": "Seniority",
            "email": "Email",
            "linkedin": "LinkedIn Link",
            "city": "Lead City",
            "state": "Lead State",
            "country": "Lead Country",
            "company_name": "Company Name",
            "company_domain": "Company Website Short",
            "website": "Company Website Full",
            "company_linkedin": "Company LinkedIn Link",
            "company_phone": "Company Phone Number",
            "industry": "Industry",
        },
        [],
    ),
    "Apollo companies 2026": (
        APOLLO_COMPANIES_2026,
        "companies",
        _APOLLO_COMPANY
        | {
            "founded_year": "Founded Year",
            "company_description": "Short Description",
            "parent_company": "Subsidiary of",
        },
        [],
    ),
    "Apollo companies, late 2026 subset": (
        APOLLO_COMPANIES_SUBSET,
        "companies",
        {
            "company_name": "Company Name",
            "website": "Website",
            "industry": "Industry",
            "employee_count": "# Employees",
            "company_country": "Company Country",
            "keywords": "Keywords",
            "technologies": "Technologies",
            "parent_company": "Parent company (Apollo data)",
        },
        [],
    ),
    "another vendor's companies": (
        LOOKALIKE,
        "companies",
        {
            "company_name": "Company Name",
            "website": "Website",
            "company_linkedin": "LinkedIn",
            "industry": "Industry",
            "employee_count": "Headcount",
            "keywords": "Industry Tags",
            "company_description": "Description",
            "company_type": "Company Type",
            "company_country": "Company Country",
            "company_state": "Company State",
            "annual_revenue": "Annual Revenue",
            "latest_funding": "Last Funding Type",
        },
        [],
    ),
    "Sales Navigator": (
        SALES_NAVIGATOR,
        "people",
        {
            "first_name": "firstName",
            "last_name": "lastName",
            "person_name": "fullName",
            "title": "title",
            "linkedin": "defaultProfileUrl",
            "company_name": "companyName",
            "company_linkedin": "regularCompanyUrl",
            "industry": "industry",
            "past_company_name": "pastExperienceCompanyName",
            "past_company_linkedin": "pastExperienceCompanyUrl",
            "past_title": "pastExperienceCompanyTitle",
            "past_dates": "pastExperienceDate",
            "past_duration": "pastExperienceDuration",
            "time_in_role": "durationInRole",
            "time_in_company": "durationInCompany",
        },
        [],
    ),
    "LinkedIn Connections": (
        CONNECTIONS,
        "people",
        {
            "first_name": "First Name",
            "last_name": "Last Name",
            "linkedin": "URL",
            "email": "Email Address",
            "company_name": "Company",
            "title": "Position",
            "connected_on": "Connected On",
        },
        [],
    ),
    "CRM contacts": (
        CRM,
        "people",
        {
            "first_name": "First Name",
            "last_name": "Last Name",
            "email": "Email",
            "title": "Job Title",
            "company_name": "Company Name",
            "website": "Website URL",
            "country": "Country/Region",
            "phone": "Phone Number",
            "linkedin": "LinkedIn URL",
        },
        [],
    ),
}
