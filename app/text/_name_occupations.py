"""Words around people's names that say what somebody does, and entries that name nobody: lists behind `names.py`."""

from __future__ import annotations

from app.text._listed import listed
from app.text.values import fold

__all__ = ["NOBODIES", "OCCUPATIONS", "OCCUPATION_FIELDS", "UNITS", "WORK_WORDS", "names_nobody"]

# Words that only a description of somebody's work holds: what follows the comma or dash before them is no name.
WORK_WORDS = listed(
    """
    ceo cfo cto coo cmo cio cro chief founder cofounder co-founder founding owner partner president vice vp svp evp
    director manager head lead leader executive officer consultant consulting advisor adviser analyst engineer
    developer designer architect recruiter recruiting recruitment specialist coordinator administrator accountant
    attorney lawyer coach speaker author writer investor entrepreneur strategist expert professional freelance
    freelancer sales marketing growth finance operations hr people talent product software data cloud ai saas b2b b2c
    seo digital business development account customer success hiring we're we helping help i helps building building
    driving at @ for of the with and ex-google ex former retired assistant associate senior junior sr. intern student
    mentor board member certified coaching realtor agent broker physician nurse teacher professor chartered assoc
    fellow cand gmbh inc llc ltd group agency solutions
    """
) - {"junior"}

# Occupations that stand behind a name without a sign (Dana Whitlock Realtor) and are nobody's surname.
OCCUPATIONS = listed(
    """
    realtor recruiter consultant engineer developer designer accountant attorney lawyer entrepreneur strategist
    photographer therapist nutritionist copywriter marketer psychologist physiotherapist dentist surgeon veterinarian
    physician nurse architect analyst economist journalist freelancer investor influencer blogger podcaster author
    electrician contractor mortgage insurance realty broker advisor adviser specialist manager director founder ceo
    cofounder owner berater beraterin ingenieur rechtsanwalt rechtsanwältin steuerberater avocat avocate consultante
    abogado abogada ingeniero ingeniera arquitecto psicóloga psicólogo advogado advogada engenheiro avvocato
    commercialista makelaar adviseur bey hanim chartered marketing media studios geschäftsführer geschäftsführerin
    inhaber inhaberin vorstand gérant gérante directeur directrice director directora gerente amministratore titolare
    prezes jednatel dyrektor kierownik agent photography consulting
    coach teacher artist stylist writer speaker educator planner expert evangelist creator editor producer musician
    actor actress filmmaker videographer illustrator animator paralegal bookkeeper auditor actuary pharmacist
    chiropractor optometrist paramedic midwife psychotherapist counselor counsellor hypnotherapist plumber programmer
    landscaper interpreter translator lecturer tutor instructor scientist researcher biologist statistician
    architektin fotografin heilpraktiker heilpraktikerin übersetzer übersetzerin immobilienmakler immobilienmaklerin
    steuerberaterin unternehmensberater unternehmensberaterin zahnarzt zahnärztin tierarzt tierärztin ärztin ingenieurin
    photographe comptable architecte infirmière infirmier médecin fotógrafo fotógrafa arquitecta contador contadora
    asesor asesora fotografo fotografa architetto ingegnere psicologo psicologa consulente arquiteto arquiteta corretor
    corretora fotograaf aannemer fotograf
    coaching realty recruitment officer president chairman treasurer trainer
    """
)

OCCUPATION_FIELDS = listed(
    """
    sales marketing account project product general senior junior regional business insurance estate real executive
    managing vice life make-up makeup loan career wedding graphic web interior fitness yoga
    health wellness music film portrait public licensed certified freelance digital brand content travel property event
    voice fashion hair beauty nail hr it team area office operations finance financial software data life personal tax
    """
)
"""What stands before an occupation: Leah Novak Sales Manager."""

# Names that forms, lists and sites show where nobody is named.
NOBODIES = frozenset(
    (
        "linkedin member",
        "linkedin user",
        "private member",
        "deleted user",
        "anonymous user",
        "test user",
        "unknown unknown",
        "no name",
        "first last",
        "first name last name",
        "firstname lastname",
        "first name",
        "last name",
        "full name",
        "your name",
        "accounts payable",
        "hiring manager",
        "office manager",
        "to whom it may concern",
        "not available",
        "name unknown",
        "no contact",
        *("reception", "info", "support", "office", "empfang", "sekretariat", "zentrale", "kundenservice", "helpdesk"),
        *("admin", "administrator", "webmaster", "postmaster", "unknown user", "demo user", "guest user"),
        *("test account", "unnamed contact", "no last name", "not provided", "name withheld", "anonymous"),
    )
)

# What mailboxes and desks are called that nobody in particular reads: Sales Team, Service Client, Abteilung Einkauf.
UNITS = listed(
    """
    team desk helpdesk department dept dept. office hotline abteilung abt. zentrale sekretariat empfang kundenservice
    kundendienst service dienst equipe équipe departamento departement dipartimento afdeling klantenservice ufficio
    servicio servizio atención atencion secretariat secretaria reception recepción accueil mailbox postfach inbox
    resources care support verwaltung
    """
)
UNITS_WORK = listed(
    """
    info sales support hr marketing front help customer customers accounts accounting finance it purchasing procurement
    recruiting recruitment talent acquisition press media billing admin order orders booking reservations logistics
    export import technical legal general main human people operations our the success care payable receivable invoice
    invoices vertrieb einkauf personal buchhaltung kunden presse client clients clientèle cliente clientes al commercial
    comercial ventas compras recursos humanos rrhh vendite acquisti clienti verkoop inkoop klanten achats ventes rh de
    des ressources humaines back contact digital product engineering security business development partner partners
    public relations investor
    """
)


def names_nobody(text: str) -> bool:
    """Whether a text is what lists and mailboxes show where nobody in particular is named."""
    folded = fold(text.strip()[:LONGEST_ENTRY])
    if folded in NOBODIES:
        return True
    spoken = folded.split()
    return (
        len(spoken) > 1
        and not UNITS_FOLDED.isdisjoint(spoken)
        and all(word in UNITS_FOLDED or word in UNITS_WORK_FOLDED for word in spoken)
    )


LONGEST_ENTRY = 60
UNITS_FOLDED = frozenset(map(fold, UNITS))
UNITS_WORK_FOLDED = frozenset(map(fold, UNITS_WORK))
