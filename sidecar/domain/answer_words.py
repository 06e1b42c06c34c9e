"""The words with which models say yes, no, and that a document does not tell; all in folded form."""

from __future__ import annotations

from sidecar.domain.vocabulary import fold


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(word) for word in text.split("|"))


NOTHING = _words(
    "|none|null|nil|n/a|n.a.|na|unknown|not specified|not found|not available|not given|not applicable|undefined|empty|"
    "unbekannt|keine|keine Angabe|k.A.|nicht angegeben|leer|inconnu|non spécifié|aucun|desconocido|no especificado|"
    "ninguno|sconosciuto|nessuno|onbekend|geen|desconhecido|nenhum|brak|nieznany|неизвестно|нет данных"
)
TRUE = _words(
    "true|yes|y|t|1|on|ja|j|wahr|oui|o|vrai|sí|si|verdadero|vero|sim|s|verdadeiro|tak|prawda|да|はい|是|ano|igen"
)
FALSE = _words("false|no|n|f|0|off|nein|falsch|non|faux|falso|não|nao|nee|onwaar|nej|nie|fałsz|нет|いいえ|否|ne|nem")
