"""Letters with one right answer each: what the practice model must make of them is written beside the text."""

from collections.abc import Sequence
from dataclasses import dataclass

from sidecar.practice.archive import Kind

#: What exists in the archive before the first document.
NAMES: dict[Kind, tuple[str, ...]] = {
    "tags": ("Energy", "Insurance", "Bank", "Household", "Health"),
    "correspondents": (
        "Ambervale Energy",
        "Quillstone Insurance",
        "Larkfield Savings Bank",
        "Tannwald Hausverwaltung",
        "Eastmere Dental Practice",
    ),
    "document_types": ("Invoice", "Letter", "Statement", "Policy"),
}

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True)
class Letter:
    """One page of text, and what it says."""

    title: str
    correspondent: str
    document_type: str
    created: str
    tags: frozenset[str]
    text: str

    @property
    def fields(self) -> dict[str, str]:
        """The fields that a document filed from this letter has, names for ids."""
        return {
            "title": self.title,
            "correspondent": self.correspondent,
            "document_type": self.document_type,
            "created": self.created,
        }


_KINDS = (
    ("Ambervale Energy", "Invoice", "Energy", "electricity used in your flat"),
    ("Quillstone Insurance", "Policy", "Insurance", "cover of your bicycle"),
    ("Larkfield Savings Bank", "Statement", "Bank", "balance of your account"),
    ("Tannwald Hausverwaltung", "Letter", "Household", "cleaning of the stairs"),
    ("Eastmere Dental Practice", "Invoice", "Health", "examination of your teeth"),
)


def letter(number: int) -> Letter:
    """Write letter `number` (from 0): no two of the first sixty have the same title."""
    company, kind, tag, matter = _KINDS[number % len(_KINDS)]
    month = number // len(_KINDS) % len(_MONTHS)
    title = f"{kind} for {_MONTHS[month]} from {company}"
    text = f"""# {title}
Eastmere, {number % 27 + 1} {_MONTHS[month]} 2026

Dear Ms Ellison,

this {kind.lower()} is about the {matter}. Please keep it with your papers; the subject is {tag.lower()}. If anything
looks wrong to you, write to us within four weeks, and we shall look at it together with you.

With kind regards
Imogen Farrow"""
    return Letter(title, company, kind, f"2026-{month + 1:02d}-{number % 27 + 1:02d}", frozenset({tag}), text)


#: Words that no other page's heading has, so that a lost or doubled page shows.
_PAGE_WORDS = (
    "Anchor",
    "Basket",
    "Candle",
    "Dragon",
    "Engine",
    "Forest",
    "Garden",
    "Hammer",
    "Island",
    "Jacket",
    "Kettle",
    "Ladder",
    "Mirror",
    "Needle",
    "Orange",
    "Pencil",
    "Rocket",
    "Saddle",
    "Timber",
    "Umbrella",
    "Valley",
    "Window",
    "Yellow",
    "Zebra",
    "Bridge",
    "Cotton",
    "Desert",
    "Farmer",
    "Guitar",
    "Helmet",
)

_STORY = (
    "Every evening the keeper of the lighthouse climbed the steps, wound the clockwork and lit the lamp. In summer the"
    " work was light, and the keeper read letters from friends who had moved to the city. In winter the wind threw salt"
    " against the panes, and the keeper cleaned them at noon and again before the night. The ships that passed counted"
    " the flashes: two short, one long, then darkness."
)


def heading(page: int) -> str:
    """Give the heading of page `page` (from 1) of a long document."""
    return f"Chapter of the {_PAGE_WORDS[page - 1]}"


def book(pages: int, paragraphs: int = 1) -> Sequence[str]:
    """Write a document of up to thirty pages, each with a heading of its own."""
    story = "\n\n".join([_STORY] * paragraphs)
    return [f"# {heading(page)}\n\n{story}" for page in range(1, pages + 1)]


def headings_in(content: str) -> list[str]:
    """Give the headings that stand in a text, in its order."""
    return [line.strip() for line in content.splitlines() if line.strip().startswith("Chapter of the ")]


def headings(pages: int) -> list[str]:
    """Give the headings of the whole document."""
    return [heading(page) for page in range(1, pages + 1)]
