"""How well a text reads as text, whatever its language, and whether a new one may take an old one's place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

#: A text that scores less is taken for garbage: a photo, a skewed or an upside-down page.
GARBAGE = 0.5
#: A difference of scores that a reader would notice.
NOTICEABLE = 0.15
#: A text that scores as much reads well.
WELL = 0.8
#: So much of a text that reads well must be left, and of any other.
SHARE_OF_WELL, SHARE = 0.75, 0.5
#: So many words in a row that came before are said again.
AGAIN = 8

RUN = re.compile(r"[^\W_]+")
VOWELS = frozenset("aeiouyæœøı")
ORDINARY_MARKS = frozenset(".,;:!?'\"()[]/-–—+*#%&@=_|$€£§<>„“”‘’«»‚•·…°²³×☐☑☒✓✗→¿¡、。，：；「」（）《》！？・،؛؟।\\~")
#: What UTF-8 looks like when it was taken for Latin-1: "Ã¤", "â€œ".
MOJIBAKE = re.compile(r"Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€.|Â[§°©®€£»«]")
SAME_MARK = re.compile(r"([^\w\s])(?:\s*\1)+")
#: "l'eau", "don't": no lone letters.
ELISION = re.compile(r"\b[^\W\d_]{1,2}['’](?=\w)|(?<=\w)['’][^\W\d_]{1,2}\b")
SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")
#: The 200 commonest pairs of letters in eighteen European languages: first letter, then those that follow it.
FOLLOWERS = (
    "aabcdgiklmnpqrstuvz baeiloru caehilortu daeio eabcdefgiklmnprstuvxz faeio gaeiru haeio iabcdefgjklmnoprstvz "
    "je kaeou ladeilostuy maeimopu nacdefginostu ocdglmnoprstuv paeilort qu racdegimnorstu saceikopstuyz "
    "taehiorstu uadeilmnprst vaeio weio zaei"
)
COMMON_PAIRS = frozenset(row[0] + follower for row in FOLLOWERS.split() for follower in row[1:])
#: Shares of common pairs in a text: the least of ordinary ones is 0.74, of upside-down pages it is 0.61 in the middle.
ORDINARY_SHARE = 0.76
#: Of so many pairs a share means something.
ENOUGH_PAIRS = 60


def letters(text: str) -> int:
    """Count letters and digits: layout, marks and white space do not matter."""
    return sum(map(str.isalnum, text))


@lru_cache(maxsize=4)  # a page's text is judged by several checks in a row
def score(text: str) -> float:
    """Say from 0 to 1 how much a text looks like text: a good letter is above 0.8, garbage below 0.5, none is 0.

    Takes the share of letters that stand in plausible words, less what odd symbols, broken characters, lone letters,
    words of two letters and uncommon pairs of letters are more than usual. Other scripts than Latin are only checked
    for mixtures.
    """
    text = unicodedata.normalize("NFC", text)
    runs = RUN.findall(text)
    total = sum(map(len, runs))
    if not total:
        return 0.0
    plausible = sum(len(run) * _plausibility(run) for run in runs) / total
    return max(0.0, min(1.0, plausible - _junk(text, total) - _soup(text) - _strangeness(runs)))


def _junk(text: str, total: int) -> float:
    odd = sum(1 for mark in SAME_MARK.sub(r"\1", text) if not mark.isalnum() and not mark.isspace() and _is_odd(mark))
    broken = text.count("\ufffd") + len(MOJIBAKE.findall(text))
    return min(1.0, (odd + 6 * broken) / total * 2)


@lru_cache(maxsize=4096)
def _is_odd(mark: str) -> bool:
    return mark not in ORDINARY_MARKS and unicodedata.category(mark) not in ("Mn", "Mc", "Cf")


def _soup(text: str) -> float:
    """Return what the share of lone letters, and of words of two, is above that of ordinary text."""
    latin = [run for run in RUN.findall(ELISION.sub(" ", text)) if run.isalpha() and run[0] < "\u0370"]
    if len(latin) < 5:
        return 0.0
    lone = sum(len(run) == 1 for run in latin) / len(latin)
    short = sum(len(run) <= 2 for run in latin) / len(latin)
    return max(0.0, lone - 0.25) * 1.5 + max(0.0, short - 0.4)


def _strangeness(runs: list[str]) -> float:
    """Return what the share of common pairs of letters is below that of ordinary text, weighted."""
    words = [plain for run in runs if len(run) > 2 and (plain := fold(run)).isascii() and plain.isalpha()]
    pairs = sum(len(word) - 1 for word in words)
    if not pairs:
        return 0.0
    common = sum(map(_common_pairs, words))
    return max(0.0, ORDINARY_SHARE - common / pairs) * 3.5 * min(1.0, pairs / ENOUGH_PAIRS)


@lru_cache(maxsize=65536)
def _common_pairs(word: str) -> int:
    return sum(first + second in COMMON_PAIRS for first, second in pairwise(word))


@lru_cache(maxsize=65536)
def _plausibility(run: str) -> float:
    if run.isdigit():
        return 1.0
    if not run.isalpha():
        return _mixed(run)
    if len(run) == 1:
        return 0.7
    if len({_script(letter) for letter in run}) > 1:
        return 0.0
    return _word(run) if _script(run[0]) == "LATIN" else 1.0


def _mixed(run: str) -> float:
    """Letters with digits: a reference ("DE89", "4b", "X500") is plausible, "l0v3ab1e" is not."""
    changes = sum(before.isdigit() != after.isdigit() for before, after in pairwise(run))
    if run.upper() == run or changes == 1:
        return 0.9
    return 0.3 if changes == 2 else 0.0


def _word(run: str) -> float:
    """A word in Latin letters: ordinary case, vowels among consonants, no strange pairs."""
    if len(run) > 40 or not _has_ordinary_case(run):
        return 0.1
    plain = fold(run)
    if len(plain) <= 3 or (run.isupper() and len(plain) <= 5):
        return 0.9 if any(letter in VOWELS for letter in plain) or run[0].isupper() else 0.5
    pattern = "".join("v" if letter in VOWELS else "c" for letter in plain)
    if "v" not in pattern or "c" * 8 in pattern or "v" * 5 in pattern:
        return 0.1
    if len(plain) > 3 and any(letter * 3 in plain for letter in "abcdehijkmopquvwxyz"):
        return 0.1
    return 1.0


def _has_ordinary_case(run: str) -> bool:
    """ "word", "Word", "WORD", "GmbH", "McDonald" and "iPhone", but not "wOrD" or "WORd"."""
    if run.islower() or run.isupper() or run.istitle():
        return True
    ups = sum(before.islower() and after.isupper() for before, after in pairwise(run))
    downs = sum(before.isupper() and after.islower() for before, after in pairwise(run))
    starts_plain = run[0].isupper() or run[1].isupper()
    return (
        starts_plain
        and ups <= 1
        and downs <= 1 + ups
        and not (run[:2].isupper() and run[2:].islower() and len(run) > 4)
    )


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    """Return the alphabet of a letter; all that are not written in an alphabet we tell apart count as one."""
    name = unicodedata.name(letter, "")
    return next((script for script in SCRIPTS if name.startswith(script)), "OTHER")


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """Return the word in small letters without accents, as readings of the same word are compared."""
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).replace("ı", "i")


def worse(old: str, new: str) -> str | None:
    """Return None if `new` may replace `old` as a document's content, else a sentence that says why not.

    Less than half of the letters is a loss, unless the old text was mostly garbage and the new one reads better; of a
    text that reads well it is less than three quarters, unless the new one reads markedly better.
    A text that reads markedly worse must at least be longer. What a text says several times over counts once: some
    programs lay their text over that of the one before.
    """
    before, after = letters(_said_once(old)), letters(_said_once(new))
    if not before:
        return None
    if not after:
        return f"The new text is empty, the old one has {before} letters."
    old_score, new_score = score(old), score(new)
    is_better = new_score >= old_score + NOTICEABLE
    was_garbage = old_score < GARBAGE and is_better
    grades = f"The new text reads {in_words(new_score)}, the old one {in_words(old_score)}"
    if after < SHARE * before and not was_garbage:
        return f"{grades}, but only {after} of {before} letters are left."
    if new_score < old_score - NOTICEABLE and after <= before * 1.1:
        return f"{grades}, and it has no more text."
    if old_score >= WELL and after < SHARE_OF_WELL * before and not is_better:
        return f"{grades}, but only {after} of {before} letters are left: less than {SHARE_OF_WELL * 100:.0f} %."
    return None


def _said_once(text: str) -> str:
    """Return the text without the words that end a run of words that came before."""
    words = text.split()
    runs = [tuple(words[max(0, end - AGAIN + 1) : end + 1]) for end in range(len(words))]
    seen: set[tuple[str, ...]] = set()
    kept = []
    for word, run in zip(words, runs, strict=True):
        if len(run) < AGAIN or run not in seen:
            kept.append(word)
        seen.add(run)
    return " ".join(kept)


def in_words(figure: float) -> str:
    """Say a score as an owner would: "well (0.93)"."""
    grades: Iterable[tuple[float, str]] = ((WELL, "well"), (0.65, "fairly"), (GARBAGE, "poorly"))
    word = next((word for least, word in grades if figure >= least), "like garbage")
    return f"{word} ({figure:.2f})"
