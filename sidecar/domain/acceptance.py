"""May the answer of a vision model be taken as the text of one page?

Every check is a function of the cleaned answer and of what is known of the page otherwise, and returns a sentence
for the owner or None. A check that compares with Tesseract says nothing where Tesseract itself is in doubt: an
answer that is wrongly refused costs a second reading, one that is wrongly kept costs the owner's text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable

from sidecar.domain import chatter, comparison, figures, repetition
from sidecar.domain.figures import Figure
from sidecar.domain.quality import GARBAGE, letters, score
from sidecar.domain.witness import DECENT, GOOD, SURE, PageAnswer, Seen

#: Below so many words a text is no witness for the words of a page.
FEW_WORDS = 15
#: Below so many words it is no witness for how much there is.
FEW_SURE_WORDS = 10
#: So much of what a good witness is sure of must be there, and of the length of a decent one's text.
SHARE_OF_GOOD, SHARE_OF_DECENT = 0.8, 0.4
#: So much of the longer words of an answer or of the page, whichever has fewer, must be in the other.
SHARE_OF_OWN_WORDS = 0.5
#: One in so many figures may be lost where it is a date or a long number, none where it is money.
FIGURES_PER_LOSS = 10
#: Below so many characters an answer that says it cannot read is no letter that says so.
LENGTH_OF_A_NOTE = 300
#: A blank page may be said to hold so many words (a page number that left no ink behind).
WORDS_OF_A_PAGE_NUMBER = 2

THINKING = re.compile(r"\A\s*<(think|thinking|thought|reasoning)>.*?(?:</\1>|\Z)\s*", re.DOTALL)
REST_OF_THINKING = re.compile(r"\A.*?</(?:think|thinking|thought|reasoning)>\s*", re.DOTALL)
FENCED = re.compile(r"\A\s*```[\w+-]*[ \t]*\n(.*?)\n?[ \t]*```\s*\Z", re.DOTALL)
TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>")
WEB_PAGE = re.compile(r"<(?:!doctype|html|head|body|div|span|script|style|meta|link|svg)\b", re.IGNORECASE)
PICTURE = re.compile(r"!\[[^\]\n]{0,200}\]\([^)\n]{0,500}\)")
BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{40,}={0,2}\s?){3,}|[A-Za-z0-9+/]{160,}")


Check = Callable[[PageAnswer, Seen], str | None]


def cleaned(text: str) -> str:
    """Return the answer without thinking, one code fence around all of it, and spaces at line ends."""
    text = THINKING.sub("", text)
    if "</" in text and not THINKING.match(text):
        text = REST_OF_THINKING.sub("", text)
    fenced = FENCED.match(text)
    if fenced and "\n```" not in fenced[1]:
        text = fenced[1]
    return TRAILING.sub("", text).rstrip()


def complaint(answer: PageAnswer, seen: Seen) -> str | None:
    """Return None if the answer may be kept as the page's text, else one sentence that says what is wrong with it."""
    answer = PageAnswer(cleaned(answer.text), answer.cut_off)
    found = (check(answer, seen) for check in CHECKS.values())
    return next((sentence for sentence in found if sentence), None)


def is_cut_off(answer: PageAnswer, _seen: Seen) -> str | None:
    """Complain of an answer whose end is missing."""
    return "It was cut off at the token limit." if answer.cut_off else None


def is_empty(answer: PageAnswer, seen: Seen) -> str | None:
    """Complain of nothing for a page with text, or with ink that nobody else has looked at."""
    if letters(PICTURE.sub("", TAG.sub("", answer.text))) or seen.is_blank:
        return None
    if seen.text is None:
        return "It is empty, but the page is not blank."
    seen_letters = letters(seen.text)
    if seen_letters < 10 or ((seen.confidence or 0) < DECENT and score(seen.text) < GARBAGE):
        return None
    return f"It is empty, but the page has about {seen_letters} letters."


def is_refusal(answer: PageAnswer, seen: Seen) -> str | None:
    """Complain of a model that says it cannot or will not read the page, at the start or at the end."""
    first, last = chatter.first_sentences(answer.text), chatter.last_sentences(answer.text)
    is_note = len(answer.text) < LENGTH_OF_A_NOTE
    near = [*first, *last] if is_note or _covers(seen, answer.text) else [*first[:1], *last[-1:]]
    return "It is a refusal." if _says(chatter.REFUSALS, near, answer, seen, alone=is_note) else None


def is_talk(answer: PageAnswer, seen: Seen) -> str | None:
    """Complain of words around the text ("Here is the transcription:") or about the page instead of its text."""
    first = [*chatter.first_sentences(answer.text)[:1], answer.text.lstrip().split("\n")[0][: chatter.REACH]]
    if _says(chatter.OPENINGS, first, answer, seen):
        return "It talks about the page instead of giving its text."
    if _says(chatter.ENDINGS, chatter.last_sentences(answer.text)[-2:], answer, seen):
        return "It ends with words about the text that are not on the page."
    return None


def _says(
    phrases: chatter.Phrases, sentences: list[str], answer: PageAnswer, seen: Seen, *, alone: bool = False
) -> bool:
    """Say whether one of the sentences is the model's own: a phrase of its kind that is not on the page.

    An ambiguous phrase counts if Tesseract would have seen it, or if it is all there is (`alone`).
    """
    if any(not _is_on_page(sentence, seen) for sentence in chatter.saying(phrases.unmistakable, sentences)):
        return True
    return any(
        (alone or seen.is_blank or _covers(seen, answer.text.replace(sentence, ""))) and not _is_on_page(sentence, seen)
        for sentence in chatter.saying(phrases.ambiguous, sentences)
    )


def _covers(seen: Seen, text: str) -> bool:
    """Say whether Tesseract saw about all of a text: only then it is a witness against a single sentence."""
    return letters(seen.witness() or "") > 0.8 * letters(text)


def _is_on_page(sentence: str, seen: Seen) -> bool:
    return seen.text is not None and comparison.stands_in(sentence, seen.text)


def is_template(answer: PageAnswer, seen: Seen) -> str | None:
    """Complain of the question coming back, or of marks of the chat template."""
    near = [*chatter.first_sentences(answer.text), *chatter.last_sentences(answer.text)]
    own = (sentence for sentence in near if chatter.TEMPLATES.search(" ".join(sentence.lower().split())))
    if any(not _is_on_page(sentence, seen) for sentence in own):
        return "It repeats a part of the question or of the model's template."
    return None


def is_code(answer: PageAnswer, seen: Seen) -> str | None:
    """Complain of JSON, a web page or base64 where the page itself has none."""
    text, page = answer.text, seen.text or ""
    if _is_json(text) and not any(mark in page for mark in "{}"):
        return "It is JSON instead of text."
    if len(WEB_PAGE.findall(text)) >= 2 and not WEB_PAGE.search(page):
        return "It is a web page instead of text."
    encoded = sum(len(match) for match in BASE64.findall(text))
    if encoded * 2 > len(text) and not BASE64.search(page):
        return "It is encoded data instead of text."
    return None


def _is_json(text: str) -> bool:
    text = text.strip()
    if not (text[:1] + text[-1:] in ("{}", "[]") and '"' in text):
        return False
    try:
        json.loads(text, strict=False)
    except RecursionError:
        return True
    except ValueError:
        return re.match(r'[\[{]+\s*"\w+"\s*:', text) is not None
    return True


def is_repetitive(answer: PageAnswer, seen: Seen) -> str | None:
    """Complain of a loop: a line, phrase or run of characters more often than a page would have it."""
    has_witness = seen.witness() is not None
    suspicious = [loop for loop in repetition.loops(answer.text) if repetition.is_suspicious(loop, doubted=has_witness)]
    page = Counter(comparison.words(seen.text or "")) if suspicious else Counter()
    for loop in suspicious:
        if not _shows(page, loop):
            unit = loop.unit if len(loop.unit) <= 40 else loop.unit[:40].rstrip() + "…"
            return f"It repeats “{unit}” {loop.times} times."
    return None


def _shows(page: Counter[str], loop: repetition.Loop) -> bool:
    """Say whether Tesseract saw the piece at least half as often, by its rarest word."""
    unit = comparison.words(loop.unit)
    return bool(unit) and min(page[word] for word in unit) * 2 >= loop.times


def is_invented(answer: PageAnswer, seen: Seen) -> str | None:
    """Complain of text for a page without ink."""
    if not seen.is_blank:
        return None
    found = comparison.TOKEN.findall(answer.text)
    written = sum(1 if word.isascii() or len(word) < 4 else len(word) // 2 for word in found if not word.isdigit())
    if written <= WORDS_OF_A_PAGE_NUMBER and len(found) <= 4:
        return None
    return f"The page is blank, but it says {max(written, len(found))} words."


def is_another_text(answer: PageAnswer, seen: Seen) -> str | None:
    """Complain of a translation, a summary in other words or an invented text: too few words of the page are in it."""
    page = comparison.content_words(seen.witness(GOOD) or "")
    said = comparison.content_words(TAG.sub(" ", answer.text))
    fewer = min(len(page), len(said))
    common = len(page & said)
    if fewer < FEW_WORDS or common >= SHARE_OF_OWN_WORDS * fewer:
        return None
    return f"It shares {common} of {fewer} words with the page: a translation or another text."


def has_other_numbers(answer: PageAnswer, seen: Seen) -> str | None:
    """Complain of numbers that Tesseract did not see, while those that it saw are gone.

    Numbers beyond those of Tesseract are no fault by themselves: it skips tables and coloured boxes.
    """
    page = seen.witness()
    if page is None:
        return None
    given, known = comparison.numbers(answer.text), comparison.numbers(page)
    strange = comparison.missing_numbers(given, page)
    lost = comparison.missing_numbers(known, answer.text)
    if len(strange) >= 3 and len(strange) > 0.4 * len(given) and len(lost) > 0.4 * len(known):
        return f"{len(strange)} of {len(given)} numbers are not on the page."
    if len(lost) >= 8 and len(lost) > 0.7 * len(known):
        return f"{len(lost)} of the page's {len(known)} numbers are missing."
    return None


def has_other_figures(answer: PageAnswer, seen: Seen) -> str | None:
    """Complain of figures that a good witness read and that are not in the answer, or are others there.

    One amount or IBAN that was read surely is enough. Dates and long numbers may be a few less on a page with many:
    a model leaves out what is printed in the margin. Of what Tesseract was in doubt of, two or a fifth may be other.
    """
    if seen.witness(GOOD) is None:
        return None
    known = seen.figures()
    lost = figures.missing(known, answer.text)
    sure = [figure for figure in lost if figure.confidence >= SURE]
    money, others = [one for one in sure if one.is_money], [one for one in sure if not one.is_money]
    if money or len(others) * FIGURES_PER_LOSS > len(known):
        return f"{_listed([*money, *others])} on the page, read with certainty, but not in the answer."
    if len(lost) > max(2, len(known) // 5):
        return f"{_listed(lost)} on the page, but not in the answer."
    return None


def _listed(lost: list[Figure]) -> str:
    named = ", ".join(" ".join(one.text.split()) for one in lost[:3])
    more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
    return f"{named}{more} {'is' if len(lost) == 1 else 'are'}"


def is_in_part(answer: PageAnswer, seen: Seen) -> str | None:
    """Complain of an answer without a good part of the words that a good witness is sure of.

    Words are compared by their runs of three letters: a misread letter, a hyphen or a lost space cost little, and
    another order of columns costs nothing.
    """
    if seen.witness(GOOD) is None:
        return None
    page = seen.sure_words()
    share = comparison.share_found(page, comparison.words(TAG.sub(" ", answer.text)))
    if len(page) < FEW_SURE_WORDS or share >= SHARE_OF_GOOD:
        return None
    return f"It has {share * 100:.0f} % of the text that was read with certainty on the page."


def is_of_another_length(answer: PageAnswer, seen: Seen) -> str | None:
    """Complain of much less or much more text than a page has that Tesseract is sure of."""
    page = letters(seen.witness() or "")
    given = letters(TAG.sub("", answer.text))
    if page >= 100 and given < SHARE_OF_DECENT * page:
        return f"It has {given} letters where the page has about {page}."
    seen_letters = letters(seen.text or "")
    if seen_letters >= 300 and given < 0.12 * seen_letters and score(seen.text or "") >= GARBAGE:
        return f"It has {given} letters where about {seen_letters} were seen."
    if page >= 60 and given > 4 * page + 200 and seen.witness(GOOD):
        return f"It has {given} letters where the page has only about {page}."
    return None


#: In the order in which their sentences tell the owner most.
CHECKS: dict[str, Check] = {
    "cut_off": is_cut_off,
    "empty": is_empty,
    "refusal": is_refusal,
    "template": is_template,
    "talk": is_talk,
    "code": is_code,
    "repetition": is_repetitive,
    "invented": is_invented,
    "other_text": is_another_text,
    "numbers": has_other_numbers,
    "length": is_of_another_length,
    "figures": has_other_figures,
    "in_part": is_in_part,
}
