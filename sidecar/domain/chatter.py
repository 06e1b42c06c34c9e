"""Sentences that a model says of itself or of its task, in the languages it is likely to answer in.

Each table has two parts. What is *unmistakable* no letter begins or ends with ("As an AI model", "Here is the
transcription:"). What is *ambiguous* people write as well ("I cannot read the document", "Let me know if you need
anything else"), so it takes a second sign: a page known otherwise that does not have the sentence, or an answer that
is nothing but this. All are compared with small letters, straight quotes and without markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: How far from either end of an answer a model talks, in characters.
REACH = 700
#: So many sentences or lines from either end are looked at.
NEAR = 3
#: Later in a sentence somebody is quoted, in characters.
NEAR_THE_START = 60
SENTENCE_END = re.compile(r"\n+|(?<=[.!?])\s+|(?<=[。！？])\s*")
QUOTES = str.maketrans("’‘“”„`*#_>«»", '\'\'"""       ')


@dataclass(frozen=True, slots=True)
class Phrases:
    """What is said, by how sure a sign it is."""

    unmistakable: re.Pattern[str]
    ambiguous: re.Pattern[str]


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


CANNOT = (
    r"\bi(?: am|'m)? ?(?:can ?not|can't|won't|will not|could ?n[o']t|do n[o']t have the ability to|unable to|"
    r"not able to|"
    r"not going to be able to)(?: \w+ly)?"
)
ON_THE_PAGE = (
    r"(?:image|picture|photo|photograph|scan|page|document|text|file|screenshot|handwriting|content|attachment)s?"
)
GIVEN = r"(?:provided|uploaded|attached|given|supplied|shared|sent)"

REFUSALS = Phrases(
    unmistakable=_any(
        r"\bas an? (?:ai|artificial intelligence|(?:large )?language model|text[- ]based|multimodal)\b",
        r"\bi(?:'m| am) (?:just |only )?an? (?:ai|(?:large )?language model|text[- ]based)\b",
        CANNOT + r" (?:transcribe|perform ocr|ocr|do ocr|provide (?:a|the|any) (?:transcription|text|transcript))",
        CANNOT
        + r" (?:assist|help)(?: you)? with (?:that|this|it|this request|that request|your request)(?: \w+)?[.!]?$",
        CANNOT + r" (?:assist|help)(?: you)? (?:with|in|to) (?:extract|transcrib|read|identify|process|analy[sz]|"
        r"view|describ)",
        r"\bi can only (?:help|assist) with|\bi(?:'m| am) (?:only )?designed to|\bi have no access to (?:images?|"
        r"files?|attachments?)",
        CANNOT + rf" \w+(?: \w+){{0,4}} {GIVEN} {ON_THE_PAGE}",
        CANNOT + r" (?:see|view|process|analy[sz]e|interpret) (?:images?|pictures?|photos?|visual)",
        r"\b(?:als|bin) (?:eine? )?(?:ki|ki-modell|sprachmodell|künstliche intelligenz)\b",
        r"\bich (?:kann|darf|konnte) .{0,60}(?:nicht|leider|keine) .{0,40}(?:transkribieren|transkription)",
        r"\bich kann (?:dir|ihnen)? ?(?:dabei|damit|bei dieser anfrage|"
        r"bei dieser aufgabe)(?: leider)? nicht (?:weiter)?(?:helfen|behilflich)",
        r"\bich kann (?:leider )?(?:keine bilder|das (?:bereitgestellte|hochgeladene|angehängte) (?:bild|dokument))",
        r"\ben tant qu'?(?:ia|intelligence artificielle|e? ?modèle)",
        r"\bje (?:ne )?(?:peux|suis) pas (?:en mesure de |vous )?(?:aider avec (?:cela|cette demande)|transcrire|"
        r"fournir (?:de|la|une) transcription)",
        r"\bje ne (?:peux|suis) .{0,40}(?:l'image|cette image|image) (?:fournie|jointe)",
        r"\bcomo (?:modelo de (?:lenguaje|ia)|(?:una )?(?:ia|inteligencia artificial)|modelo de linguagem)",
        r"\bno puedo (?:ayudar(?:te|le)? con (?:eso|esta solicitud|esa solicitud)|transcribir)",
        r"\bnon posso (?:aiutar(?:ti|la) con questa|trascrivere)",
        r"\bnão posso (?:ajudar com (?:isso|esse pedido)|transcrever)",
        r"\bik kan (?:je |u )?(?:hier|daar)(?:mee)? ?(?:niet )?(?:mee )?(?:niet )?helpen|\bals (?:ai|taalmodel)\b",
        r"\bкак (?:ии|языковая модель|искусственный интеллект)",
        r"я не могу (?:помочь с эт|распознать|расшифровать|прочитать (?:это |текст на )?изображени)",
        r"我(?:无法|不能|没办法)(?:识别|读取|处理|查看|提供|转录|协助|帮助)|作为(?:一个)?(?:人工智能|ai|语言模型)",
        r"(?:画像|テキスト)を(?:読み取る|認識する|処理する)ことができません",
    ),
    ambiguous=_any(
        CANNOT + r" (?:read|see|view|extract|process|access|open|make out|identify|interpret|recogni[sz]e|"
        r"analy[sz]e|"
        r"decipher|comply|fulfil?l|provide|complete)\b.{0,80}",
        r"\bi(?:'m| am) sorry,? but\b",
        r"\b(?:i )?(?:do not|don't) see (?:any|an) (?:image|text|attachment)",
        r"\bno (?:image|document|file) (?:was|has been) (?:provided|attached|uploaded)",
        r"\b(?:please|could you) (?:provide|upload|share|send)(?: me)? (?:a|the|an) (?:clearer|better|higher|"
        r"sharper|image|new)",
        r"\b(?:is|it's|are) (?:too )?(?:blurry|blurred|low|unreadable|illegible)\b.{0,80}",
        r"\bich (?:kann|konnte) .{0,60}(?:bild|text|dokument|seite|inhalt)\w* .{0,40}(?:nicht|"
        r"leider) .{0,30}(?:lesen|erkennen|verarbeiten|entziffern|öffnen|sehen)",
        r"\bich (?:kann|konnte|sehe|habe|bin) .{0,40}\b(?:kein|nicht|leider).{0,60}(?:bild|foto|scan|anhang|"
        r"datei|text|dokument|lage|zugriff)",
        r"\b(?:dabei|damit) kann ich .{0,20}nicht (?:weiter)?helfen|\bkein(?:en)? (?:lesbaren? |"
        r"sichtbaren? )?text (?:zu )?(?:erkenn|vorhanden|lesen)",
        r"\b(?:bild|scan|foto|schrift)\w* ist (?:leider )?(?:zu|sehr) (?:unscharf|klein|dunkel|hell|undeutlich)",
        r"\bje (?:ne|n'ai) .{0,40}(?:image|photo|document|texte|fichier)|\baucun texte (?:n'est )?(?:lisible|"
        r"visible)",
        r"\bno (?:puedo|pude|veo|tengo|hay) .{0,40}(?:imagen|foto|documento|texto|archivo|capacidad)",
        r"\b(?:no|any|not enough) (?:readable|legible|visible|discernible) (?:text|content|words)|\bthere (?:is|"
        r"are|does|appears|seems)\b.{0,20}(?:no|not|n't)\b.{0,20}\btext\b|\b(?:image|file) (?:did not|"
        r"didn't) upload|\bplease (?:re-?)?upload",
        r"\b(?:es )?tut mir (?:sehr )?leid,? (?:aber )?(?:ich|das)",
        r"\bje (?:suis désolée?|ne peux pas|ne parviens pas à|ne suis pas en mesure)",
        r"\b(?:lo siento|no puedo (?:leer|ver|procesar|extraer|acceder)|no me es posible)",
        r"\b(?:mi dispiace|non riesco a leggere|non posso leggere)",
        r"\b(?:desculpe|não consigo ler|não posso ler)",
        r"\b(?:het spijt me|ik kan .{0,40}niet lezen)",
        r"(?:извините|к сожалению), (?:но )?я не",
        r"(?:抱歉|对不起)|申し訳(?:ありません|ございません)",
    ),
)

WANTED = (
    r"(?:text|transcription|transcript|transcribed text|ocr|content|contents|markdown|extracted text|result|output)"
)
OPENINGS = Phrases(
    unmistakable=_any(
        rf"^(?:(?:sure|certainly|of course|absolutely|okay|ok|great|yes)\b[^:]{{0,20}})?(?:here(?:'s| is| are)|"
        rf"below is|"
        rf"(?:the )?following is) (?:the |a |an |your )?(?:\w+ ){{0,3}}{WANTED}\b[^.:]{{0,80}}:",
        r"^(?:sure|certainly|of course|absolutely)\b[^:]{0,20}(?:here(?:'s| is| are)|i(?:'ve| have|'ll|"
        r" will)).{0,80}",
        r"^here(?:'s| is) (?:the |a )?(?:\w+ ){0,3}(?:transcription|transcript|ocr)\b.{0,40}(?:of|from|"
        r"for) (?:the|this|your)",
        r"^(?:the |this )(?:\w+ )?(?:image|picture|photo|screenshot|scan)(?: you)?(?: \w+)? (?:shows|contains|"
        r"appears|depicts|is an? |"
        r"displays|reads|features|seems|presents|includes|does not contain|doesn't contain|is (?:completely |"
        r"entirely |mostly )?"
        r"(?:blank|empty|white))",
        r"^the (?:page|document) (?:shows|depicts|appears to|displays|is (?:completely |entirely )?(?:blank|"
        r"empty|white)|does not contain any|contains no)",
        r"^(?:this|it) (?:appears|seems) to be\b|^(?:this|it) looks like an?\b|^(?:dies|es|"
        r"das) scheint (?:sich um )?ein",
        r"^(?:sure|sure thing|certainly|of course|absolutely|gerne|natürlich|bien sûr|claro|por supuesto|"
        r"certo)[,!.: ]*$",
        r"^(?:below|in the following),? you (?:will|can) find\b",
        rf"^based on the {ON_THE_PAGE}",
        r"^(?:i've|i have|i will|i'll|let me) (?:\w+ )?(?:transcribe|extract|carefully|read|go through)",
        rf"^the (?:\w+ )?text (?:\w+ )?(?:in|on|from|of) (?:the|this) {ON_THE_PAGE} (?:reads|is|says|states)",
        rf"^(?:extracted text|transcribed text|ocr (?:output|result|text)|text (?:from|"
        rf"in) (?:the )?{ON_THE_PAGE}|extrahierter text|texte extrait|texto extraído|testo estratto|"
        rf"распознанный текст)\s*:",
        r"^(?:full |page )?(?:transcription|transcript|transkription|transcripción|trascrizione)\s*:$",
        r"^(?:gerne|natürlich|klar|selbstverständlich|aber gern)\b[^:]{0,20}(?:hier|ich|nachfolgend).{0,60}",
        r"^(?:hier (?:ist|finden sie|findest du|kommt)|nachfolgend|im folgenden|es folgt) .{0,40}(?:transkri|"
        r"extrahiert|erkannte text|text (?:aus|des|der|auf|von)|inhalt (?:des|der) (?:bild|dokument|seite))",
        r"^(?:das|dieses|auf dem|im) (?:\w+ )?(?:bild|foto|scan)\w* (?:zeigt|enthält|ist (?:leer|ein)|sieht man|"
        r"stellt|scheint)",
        r"^(?:die seite|das dokument) (?:zeigt|ist (?:leer|vollständig leer)|enthält keinen|scheint)",
        r"^der text (?:auf|in|im|aus) (?:dem |der |diesem )?(?:bild|seite|dokument|foto)\w* (?:lautet|ist|besagt)",
        r"^(?:bien sûr|certainement|d'accord|volontiers)\b[^:]{0,20}(?:voici|je).{0,60}",
        r"^voici (?:le texte|la transcription|le contenu) .{0,80}:",
        r"^(?:l'image|cette image|la photo) (?:montre|contient|présente|représente|semble|affiche|est)",
        r"^(?:claro|por supuesto|desde luego|con gusto)\b[^:]{0,20}(?:aquí|a continuación|he).{0,60}",
        r"^(?:aquí (?:está|tiene|tienes)|a continuación (?:se|está)) .{0,40}(?:texto|transcripción|"
        r"contenido).{0,80}:",
        r"^(?:la|esta) (?:imagen|foto) (?:muestra|contiene|presenta|parece|es)",
        r"^(?:ecco|certo|certamente).{0,40}(?:testo|trascrizione|contenuto)|^l'immagine (?:mostra|contiene)",
        r"^(?:aqui está|claro).{0,40}(?:texto|transcrição|conteúdo)|^a imagem (?:mostra|contém)",
        r"^(?:hier is|natuurlijk).{0,40}(?:tekst|transcriptie|inhoud)|^de afbeelding (?:toont|bevat)",
        r"^(?:конечно|вот).{0,40}(?:текст|расшифровк|содержимое).{0,60}:|^на (?:изображении|картинке|фото)",
        r"^(?:以下是|好的|当然)[^\n]{0,20}(?:图片|图像|文字|文本|内容|转录)|^(?:这张|该|这)(?:图片|图像|页面)(?:显示|包含|是)",
        r"^(?:以下は|こちらが).{0,30}(?:テキスト|文字起こし|内容)",
        r"^\W*(?:blank page|no text(?: found| detected| visible)?|empty page|image|leere seite|kein text|"
        r"page blanche|página en blanco|"
        r"no visible text|there is no (?:visible |readable )?text.{0,40})\W*$",
    ),
    ambiguous=_any(
        r"^here(?:'s| is| are) .{0,80}:$",
        r"^this (?:is|appears to be|looks like) (?:a|an) (?:\w+ ){0,3}(?:invoice|letter|receipt|form|document|"
        r"page|contract|bill|statement)",
        r"^(?:the|this) (?:page|document|invoice|letter|receipt|form) (?:is|contains|lists|outlines|describes|"
        r"from|includes|was)\b",
        r"^(?:dies|es) (?:ist|handelt sich um) (?:ein|eine|einen|das) .{0,40}(?:rechnung|brief|schreiben|"
        r"formular|dokument)",
        r"^il s'agit d'une?\b|^se trata de una?\b|^si tratta di un|^this is a\b",
        r"^(?:das dokument|die seite|die rechnung) (?:enthält|ist|listet|beschreibt)",
        r"^hier (?:ist|sind) .{0,80}:$|^voici .{0,80}:$|^aquí (?:está|tiene) .{0,80}:$",
    ),
)

ENDINGS = Phrases(
    unmistakable=_any(
        r"\blet me know if you(?:'d| would)? (?:like|want|need|prefer)(?: me to| this| it| the)? .{0,60}"
        r"(?:text|transcri|format|translat|summar|extract|clarif|refin|adjust|image|page|table)",
        r"^(?:if you(?:'d like| would like| want| wish| prefer| need)|i can also)\b.{0,80}(?:text|transcri|"
        r"format|translat|summar|extract|image|table)",
        r"^(?:wenn|falls) (?:du|sie) .{0,30}(?:möchte|wünsch|willst|wollen|brauch)\w*.{0,60}(?:text|tabelle|"
        r"format|form|übersetz|zusammenf|transkri)",
        r"^(?:soll ich|möchte(?:st|n) (?:du|sie),? dass ich)\b|^(?:souhaitez-vous|voulez-vous) que je\b|"
        r"^¿?(?:quieres|desea|le gustaría) que\b",
        r"^si (?:vous (?:le )?(?:souhaitez|voulez)|(?:lo )?(?:quieres|deseas?|prefieres)).{0,80}(?:text|trad|"
        r"format|transcri|tabl|resum|résum)",
        r"\bwould you like me to\b|\bdo you want me to\b|\bi hope this (?:transcription|helps)",
        r"\bi(?:'ve| have) (?:transcribed|preserved|kept|tried to|done my best|omitted|left out|marked|extracted)\b",
        r"^\W*(?:please )?note\b(?: that)?\W{0,5}(?:some|parts?|the|this|i|a few|several|certain|due|because|as|"
        r"my)\b.{0,80}\b(?:illegible|unclear|blurr|hard to read|difficult to read|"
        r"unreadable|cut off|not (?:fully |clearly )?"
        r"(?:visible|legible)|transcri|handwrit|image|ocr)",
        r"^\W*(?:this|the above|above) (?:is|was) (?:the )?(?:\w+ ){0,2}(?:transcription|transcript|text) (?:of|"
        r"from|in)\b",
        r"\bthis (?:transcription|transcript) (?:is|was|may|preserves|captures|reflects)\b",
        r"\bend of (?:transcription|transcript|extracted text)\b|^\W*the (?:rest|remainder) of the (?:page|text|"
        r"document|image) (?:is|was|cannot)",
        r"\b(?:teilen sie mir mit|lassen sie (?:es )?mich wissen|sag bescheid|gib bescheid), (?:wenn|falls|"
        r"ob) (?:sie|du) .{0,60}(?:text|transkri|format|übersetz|hilfe|anpass)",
        r"^\W*(?:hinweis|anmerkung|bemerkung)\W{1,5}(?:der|die|das|einige|einzelne|manche|teile|ein|aufgrund|da|"
        r"ich|diese)\w*\b.{0,100}(?:unleserlich|schlecht lesbar|schwer (?:zu )?les|"
        r"nicht (?:eindeutig |klar |gut )?(?:lesbar|erkennbar)|unscharf|transkri|bild)",
        r"^\W*(?:note|remarque)\W{1,5}(?:le|la|les|certain|une?|en raison|j)\w*\b.{0,100}(?:illisible|lisible|"
        r"flou|transcri|image)",
        r"^\W*nota\W{1,5}(?:el|la|los|las|algun|parte|una?|debido|il|lo|alcun)\w*\b.{0,100}(?:ilegible|legible|"
        r"borros|transcri|imagen|illeggibil|immagine)",
        r"\b(?:laat (?:het )?(?:me|mij) weten|fammi sapere|mi faccia sapere|me avise|diga-me|avise-me),? (?:als|"
        r"of|se) .{0,60}(?:te[kx]st|testo|form|vert|trad|trans|tras|hulp)",
        r"\bn'hésitez pas à me (?:le )?(?:dire|demander|faire savoir) si .{0,60}(?:texte|transcri|format|tradui|"
        r"aide)",
        r"\b(?:avísame|hágamelo saber|dime|házmelo saber) si .{0,60}(?:texto|transcri|formato|tradu|ayuda|algo más)",
        r"^\W*примечание\b.{0,100}(?:неразборчив|изображени|расшифровк)|дайте знать, если",
        r"^\W*(?:注意|注|说明)[:：].{0,60}(?:图片|图像|模糊|无法辨认|识别)|如(?:果您|需).{0,30}请(?:告诉我|告知|随时)",
    ),
    ambiguous=_any(
        r"\blet me know if\b|\bfeel free to\b|\bis there anything else\b|\bi hope this\b|\bif you (?:need|"
        r"have) any (?:further|more|other)\b",
        r"^\W*(?:please )?note(?: that)?\b",
        r"\blassen sie (?:es )?mich wissen\b|\bgib bescheid\b|\bich hoffe, das hilft",
        r"\bn'hésitez pas à\b|\bno dude en\b|\bavísame si\b|\bfammi sapere\b",
    ),
)

#: Parts of prompts and of the wrapping that chat templates put around messages.
TEMPLATES = _any(
    r"<\|[a-z_]{2,30}\|?>",
    r"<\/?(?:start_of_turn|end_of_turn|s|image|img|image_soft_token|bos|eos|pad|unk|assistant|system|user|"
    r"tool_call)>",
    r"\[/?inst\]|<</?sys>>|\[img(?:_end|_break)?\]",
    r"\{\{ ?-? ?\.?[a-z_]+ ?\}\}|\{%-? .{1,60} -?%\}|\{(?:text|content|page_text|ocr_text|document|image|language)\}",
    r"\[(?:insert|your|the|transcribed|extracted) ?(?:transcri\w+|extracted|page|document)? ?(?:text|"
    r"content)s?(?: here| of the page| goes here)?\]",
    r"^\W*(?:###? ?)?(?:instructions?|system prompt|system|user|assistant|response) ?:",
    r"\byou are an? (?:\w+ ){0,3}(?:ocr|transcription|document|assistant|ai)\b",
    r"\b(?:transcribe|extract|read|output|return|convert) (?:all |only |just |every |exactly )*(?:of )?(?:the |"
    r"all )?(?:\w+ )?(?:text|content|words)"
    r" (?:\w+ )?(?:in|from|of|on|as|visible|exactly|you see|into|without)\b",
    r"\bdo not (?:add|include|provide|output|invent|translate|summari[sz]e) (?:any )?(?:\w+ )?(?:commentary|"
    r"comments?|explanations?|text that|markdown|else|additional)",
    r"\b(?:transkribiere|gib|extrahiere) (?:bitte )?(?:nur |den |alle |den gesamten )+(?:\w+ )?text\b",
)


def plain(text: str) -> str:
    """Return a sentence as the tables have it."""
    return " ".join(text.translate(QUOTES).lower().split()).strip(" -\"'")


def first_sentences(text: str) -> list[str]:
    """Return the first sentences or lines, as written."""
    return _sentences(text.lstrip()[:REACH])[:NEAR]


def last_sentences(text: str) -> list[str]:
    """Return the last sentences or lines, as written, the last one last."""
    return _sentences(text.rstrip()[-REACH:])[-NEAR:]


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in SENTENCE_END.split(text) if any(map(str.isalnum, sentence))]


def saying(pattern: re.Pattern[str], sentences: Sequence[str]) -> Iterator[str]:
    """Yield the sentences that have the pattern near their start, as written."""
    for sentence in sentences:
        match = pattern.search(plain(sentence))
        if match and match.start() <= NEAR_THE_START:
            yield sentence
