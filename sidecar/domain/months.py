"""The names of months and days in the languages of letters, folded: small, without accents, without a last dot."""

from __future__ import annotations

import unicodedata

#: For each month its names and short forms: English, German, French, Spanish, Italian, Dutch, Portuguese, Polish (the
#: form in a date, too), Scandinavian, Russian. No name stands for two months, which a test holds; that is why Czech
#: and Croatian are missing (listopad, srpanj).
_NAMES = (
    "january jan januar jänner jaenner jän janvier janv enero ene gennaio gen genn januari janeiro styczeń stycznia "
    "sty января январь янв",
    "february feb februar feber febr février févr fév febrero febbraio febb februari fevereiro fev luty lutego lut "
    "февраля февраль фев",
    "march mar märz maerz mrz mär mars marzo maart mrt março marzec marca марта март мар",
    "april apr avril avr abril abr aprile kwiecień kwietnia kwi апреля апрель апр",
    "may mai mayo maggio mag mei maio maj maja мая май",
    "june jun juni juin junio giugno giu junho czerwiec czerwca cze июня июнь июн",
    "july jul juli juillet juil julio luglio lug julho lipiec lipca lip июля июль июл",
    "august aug août agosto ago ag augustus augusti sierpień sierpnia sie августа август авг",
    "september sep sept septembre septiembre setiembre settembre set sett setembro wrzesień września wrz сентября "
    "сентябрь сен сент",
    "october oct oktober okt octobre octubre ottobre ott outubro out październik października paź октября октябрь окт",
    "november nov novembre noviembre novembro listopad listopada lis ноября ноябрь ноя нояб",
    "december dec dezember dez décembre déc diciembre dic dicembre desember des dezembro grudzień grudnia gru декабря "
    "декабрь дек",
)
_DAYS = (
    "monday mon tuesday tue tues wednesday wed thursday thu thur thurs friday fri saturday sat sunday sun "
    "montag mo dienstag di mittwoch mi donnerstag do freitag fr samstag sonnabend sa sonntag so "
    "lundi lun mardi mar mercredi mer jeudi jeu vendredi ven samedi sam dimanche dim "
    "lunes martes miércoles mié jueves viernes sábado domingo lunedì martedì mercoledì giovedì venerdì sabato domenica "
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag segunda-feira terça-feira quarta-feira quinta-feira "
    "sexta-feira poniedziałek wtorek środa czwartek piątek sobota niedziela måndag tisdag onsdag torsdag fredag lördag "
    "söndag mandag tirsdag lørdag søndag понедельник вторник среда четверг пятница суббота воскресенье"
)


def without_accents(text: str) -> str:
    """Return the text in small letters without accents; ł, ø, ß and what else is a letter of its own in plain ones."""
    small = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in small if not unicodedata.combining(c)).replace("ł", "l").replace("ø", "o")
    return unicodedata.normalize("NFC", bare)  # the syllables of Korean were taken apart


#: Number of the month (from 1) by its folded name.
MONTHS: dict[str, int] = {
    without_accents(name): number for number, names in enumerate(_NAMES, start=1) for name in names.split()
}
DAYS: frozenset[str] = frozenset(without_accents(name) for name in _DAYS.split())
