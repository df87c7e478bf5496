"""Legal forms and remarks on them that no single word says: GmbH & Co. KG, i. L., S.n.c. di Rossi.

`companies.py` takes these off before it looks at a name word by word.
"""

from __future__ import annotations

import re

OPENING = re.compile(
    r"\A(?:c\u00f4ng ty(?: (?:tnhh(?: (?:mtv|m\u1ed9t th\u00e0nh vi\u00ean))?|c\u1ed5 ph\u1ea7n|cp))?|cty (?:tnhh|cp)"
    r"|\u0e1a\u0e23\u0e34\u0e29\u0e31\u0e17|\u0e1a\u0e08\u0e01\.|\u0e2b\u0e08\u0e01\.|\u0e1a\u0e21\u0e08\.|\u0634\u0631\u0643\u0629|\u0634\u0631\u06a9\u062a"
    r"|общество с ограниченной ответственностью|(?:(?:публичное|открытое|закрытое) )?акционерное общество"  # noqa: RUF001
    r"|индивидуальный предприниматель|товариство з обмеженою відповідальністю)\s+(?=\S)",
    re.IGNORECASE,
)
"""Vietnamese, Thai and Arabic words for "company", which open the name."""

THAI_END = re.compile(r"\s*\u0e08\u0e33\u0e01\u0e31\u0e14\s*(?:\(\s*\u0e21\u0e2b\u0e32\u0e0a\u0e19\s*\))?\Z")
COMBINED = re.compile(
    r"\s+(?:g?gmbh|ag|se|sa|ug(?:\s*\(haftungsbeschr\u00e4nkt\))?|mbh|ltd|b\.?v|limited|inc|aps|sarl|s\.?\s?\u00e0\s?r\.?\s?l|stiftung|kg|ohg)\.?\s*"
    r"(?:&|\+|und|u\.)\s*(?:co|cie)\.?(?:\s*(?:[^\W\d_]{1,30}[\s-])?(?:kgaa|kg|ohg|og|gmbh|gbr)\.?)?\Z",
    re.IGNORECASE,
)
"""Two German forms in one: GmbH & Co. KG, AG & Co. OHG, UG (haftungsbeschränkt) & Co. KG."""

COMBINED_IN_FRONT = re.compile(
    r"\A(?:g?GmbH|AG|UG(?:\s*\(haftungsbeschr\u00e4nkt\))?|mbH|SE)\s*(?:&|\+|und|u\.)\s*(?:Co|CO)\.?\s*(?:KGaA|KG|OHG|oHG)\.?,?\s+(?=\S)"
)
"""The same in front, where a file sorts by form: UG & Co. KG Harbour Tools."""

ITALIAN_PARTNERS = re.compile(r"[\s,]+s\.?\s?(?:n\.?\s?c|a\.?\s?s)\.?\s+di\s+\S.*\Z", re.IGNORECASE)
"""The partners of an Italian firm, behind its form: `Acme S.n.c. di Rossi & C.`"""

SPANISH_COOP = re.compile(r"[\s,]+S\.?\s?Coop\.?(?:\s(?:V|And|Mad|Ltda|And|Galega)\.?)?\Z")
"""Spanish cooperatives: `Alder S. Coop. V.`"""

BRANCH = re.compile(r"\((?:[A-Z]|Pvt\.?|Pty\.?|Pte\.?|Private|SMC-?(?:Private|Pvt\.?))\)")
"""What stands before a form for a country or `Private`: `Acme (I) Pvt. Ltd.`, `Acme (M) Sdn. Bhd.`"""

WINDING_UP = re.compile(
    r"[\s,(]+(?:i\.\s?(?:L|G|I|A|O|Gr|Ins)\.?"
    r"|in (?:liquidation|liquidatie|liquidazione|administration|Gr\u00fcndung|Abwicklung)"
    r"|under (?:konkurs|avvikling|stiftelse)|i (?:likvidation|konkurs)|w (?:likwidacji|upad\u0142o\u015bci)"
    r"|v likvid[a\u00e1]cii?"
    r"|u (?:ste\u010daju|likvidaciji)|tasfiye halinde|o\.\s?i\.|en liquidation|en liquidaci\u00f3n)\)?\Z",
    re.IGNORECASE,
)
BRAZILIAN = re.compile(r"\s+[-\u2013]\s+(?:ME|EI|EPP|MEI)\Z")
"""Brazil's classes of small firms, behind a dash: Pinto Transportes - ME."""

GLUED = re.compile(r"(?<=[^\W\d_])-(?:g?GmbH|AG|KG|UG)\Z")
"""A form behind a hyphen: `Acme Verwaltungs-GmbH`."""

FIRM = re.compile(
    r"\s(?:(?:y|e|et|&|and|und|og|och|en)\s(?:c[i\u00ed]a|hijos|sons|co|cie|fils|s\u00f6hne|figli|filhos|zonen|associates|partners?|brothers|bros|daughters|s\u00f8nner|s\u00f6ner))\.?\Z",
    re.IGNORECASE,
)
"""What family firms are called behind a name: Vera e Hijos, Smith & Sons."""

SPOKEN = frozenset(
    word
    for pattern in (OPENING, COMBINED, ITALIAN_PARTNERS, WINDING_UP)
    for word in re.findall(r"[a-z]+", re.sub(r"\\u....|\\.", " ", pattern.pattern.lower()))
)
"""Every word in small ASCII letters that these are about; a name without any of them needs none of them."""
