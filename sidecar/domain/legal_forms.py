"""The legal forms of firms: what stands after a name and does not tell one firm from another.

Written differently by the same firm on its letters, contracts and bills. Forms of one family are taken for one (GmbH,
GmbH & Co. KG); Müller GmbH and Müller AG are two firms.
"""

from __future__ import annotations

import re

#: Families of forms, by the folded words of which they are made (dots inside are gone: "s.a." is "sa").
_FAMILIES: dict[str, str] = {
    "gmbh": "gmbh|g gmbh|ggmbh|mbh|gmbh & co kg|gmbh & co|gmbh & co ohg|gmbh und co kg|gmbh co kg|ug|"
    "ug haftungsbeschränkt|gmbh u co kg|kg|gesellschaft mbh|gesmbh",
    "ag": "ag|aktiengesellschaft|se|kgaa|ag & co kg|ag & co kgaa|se & co kgaa|se & co kg|vvag|n v|nv|plc|"
    "public limited company",
    "partners": "ohg|gbr|partg|partg mbb|llp|vof|snc",
    "ltd": "ltd|limited|co ltd|co limited|company limited|pty ltd|pty limited|pte ltd|pvt ltd|private limited|& co ltd",
    "inc": "inc|incorporated|corp|corporation|co inc|llc|l l c",
    "co": "& co|co|and co|und co|et cie|& cie",
    "sa": "sa|sas|sasu|sab de cv|sa de cv|société anonyme",
    "srl": "srl|sarl|sàrl|s à rl|sl|slu|lda|ltda|eurl|srls|unipessoal lda",
    "spa": "societa per azioni",
    "bv": "bv|bvba|besloten vennootschap",
    "nordic": "ab|ab publ|oy|oyj|asa|as|aps|a s|oy ab|hf|ehf",
    "east": "sp zoo|sp z oo|spzoo|sro|spol sro|spol s ro|doo|kft|zrt|nyrt|ooo|ооо|ао|пао|зао|оао|ип|тов|sp k|sp j",
    "asia": "株式会社|有限会社|合同会社|株|有限公司|股份有限公司|주식회사|kk|sdn bhd|bhd|tbk|jsc|jsc llc",
}
_FORMS: dict[tuple[str, ...], str] = {
    tuple(form.split()): family for family, forms in _FAMILIES.items() for form in forms.split("|")
}
_LONGEST = max(map(len, _FORMS))
#: What also stands in front.
_BEFORE = frozenset(
    {"ооо", "ао", "пао", "зао", "оао", "ип", "тов", "ooo", "株式会社", "有限会社", "株", "주식회사", "ab", "oy"}
)
_ALSO_UNITS = frozenset({"kg", "as", "ab"})
#: Words in small letters without dots (a spa, an EV), so that they are told by how they are written.
_WRITTEN = re.compile(
    r"(?<=\s)(?:(S\.? ?p\.? ?A\.|SpA|S\.P\.A|s\. ?p\. ?a\.)|(e\. ?V\.|eV|e\. ?K\.|eK|e\. ?Kfm\.|e\. ?G\.|eG))[.,]?\s*$"
)
_EAST_ASIAN = re.compile(r"^(株式会社|有限会社)(?=\w)|(?<=\w)(株式会社|股份有限公司|有限公司|有限会社)$")


def written_form(text: str) -> tuple[str, str | None]:
    """Return the text without a form that only its writing tells (S.p.A., e.V.), and the family of that."""
    found = _WRITTEN.search(text)
    if not found:
        return _EAST_ASIAN.sub(" ", text), None
    return text[: found.start()], "spa" if found[1] else "club"


def without_forms(words: list[str]) -> tuple[list[str], frozenset[str]]:
    """Return the words without legal forms at their end or start, and the families of those; a word always stays."""
    families: set[str] = set()
    while found := _last(words):
        words, family = words[:-found], _FORMS[tuple(words[-found:])]
        families.add(family)
    if len(words) > 1 and words[0] in _BEFORE:
        families.add(_FORMS.get((words[0],), "asia"))
        words = words[1:]
    return words, frozenset(families)


def _last(words: list[str]) -> int:
    """Return how many words at the end are a form; none where a number stands before it (25 kg)."""
    for count in range(min(_LONGEST, len(words) - 1), 0, -1):
        rest = words[:-count]
        amount = rest[-1].isdigit() and words[-1] in _ALSO_UNITS
        if tuple(words[-count:]) in _FORMS and not amount and any(len(word) > 1 for word in rest):
            return count
    return 0


def may_be_one(one: frozenset[str], other: frozenset[str]) -> bool:
    """Say whether firms with these forms can be the same: one is not told, or they share a family."""
    told, others = one - {"co"}, other - {"co"}
    return not told or not others or bool(told & others)
