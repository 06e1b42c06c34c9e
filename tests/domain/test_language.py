"""The language of what OCR leaves of a page: found where the text says it, not guessed where it does not."""

from __future__ import annotations

import random

import pytest

from sidecar.domain.language import LANGUAGES, find_languages, in_words

LETTERS = {
    "eng": "Dear Mr Miller, thank you for your order. Please find enclosed the invoice for the goods that we have sent "
    "to your address. The amount is due within thirty days of the date of this letter.",
    "deu": "Sehr geehrte Frau Müller, vielen Dank für Ihren Auftrag. Bitte überweisen Sie den Betrag bis zum 3. Mai "
    "auf "
    "unser Konto. Sollten Sie die Rechnung schon bezahlt haben, ist dieser Brief für Sie nicht mehr von Bedeutung.",
    "fra": "Madame, nous vous remercions de votre commande. Vous trouverez ci-joint la facture pour les articles qui "
    "vous "
    "ont été livrés. Le montant est à régler dans les trente jours sur notre compte.",
    "spa": "Estimada señora: le agradecemos su pedido. Adjunta encontrará la factura de los artículos que le hemos "
    "enviado "
    "a su domicilio. El importe se debe pagar en un plazo de treinta días.",
    "ita": "Gentile signora, la ringraziamo per il suo ordine. In allegato trova la fattura degli articoli che le "
    "abbiamo "
    "spedito. Il pagamento è da effettuare entro trenta giorni dalla data della presente, con un bonifico sul conto.",
    "nld": "Geachte mevrouw, wij danken u voor uw bestelling. Bijgaand vindt u de factuur van de artikelen die wij "
    "naar "
    "uw adres hebben gestuurd. Het bedrag dient binnen dertig dagen op onze rekening te zijn.",
    "pol": "Szanowna Pani, dziękujemy za zamówienie. W załączeniu przesyłamy fakturę za towary, które zostały do Pani "
    "wysłane. Prosimy o zapłatę w ciągu trzydziestu dni na nasze konto, jak to było do tej pory, lub przez internet.",
    "swe": "Hej, tack för din beställning. Du får fakturan för de varor som vi har skickat till din adress. Beloppet "
    "ska "
    "vara betalt inom trettio dagar från det att du har fått det här brevet.",
    "rus": "Уважаемая госпожа, благодарим вас за заказ. Это счет на товары, которые мы вам отправили. Просим вас "
    "оплатить его не позднее чем через тридцать дней от даты письма, так как это указано в договоре.",
    "ell": "Σας ευχαριστούμε για την παραγγελία σας. Το ποσό πρέπει να καταβληθεί εντός τριάντα ημερών.",
    "heb": "אנו מודים לך על ההזמנה. יש לשלם את הסכום בתוך שלושים יום מתאריך המכתב.",
    "ara": "نشكركم على طلبكم. يجب دفع المبلغ خلال ثلاثين يوما من تاريخ هذه الرسالة.",
    "jpn": "ご注文いただきありがとうございます。三十日以内にお支払いください。",
    "chi_sim": "感谢您的订单。请在三十天内将款项汇到我们的账户。这是您的发票。",
    "chi_tra": "感謝您的訂單。請在三十天內將款項匯到我們的帳戶。這是您的發票。",
    "kor": "주문해 주셔서 감사합니다. 삼십 일 이내에 금액을 지불해 주십시오.",
}
NOT_SAID = {
    "nothing": "",
    "numbers": "1 234,50\n17.03.2026\n4711 0815 99 12\n" * 9,
    "a few words": "Invoice for Mr Miller",
    "names and prices": "Bauhaus Miller Schmidt 12,99 Lopez GmbH Hamburg Berlin Paris 7,00 Coca Cola Nestle 3 x Milka "
    * 3,
    "noise": "lI|l ~~ rn cI ;: ee oo |||| aa tttt vv w ii lll .. -- == ee rr tt yy uu ii oo pp aa ss dd ff gg",
    "one word again and again": "the the the the the the the the the the the the",
}


def spoiled(text: str, seed: int = 0) -> str:
    """Do to a text what a bad scan does: a letter in twelve is lost, wrong or one too many."""
    chance = random.Random(seed)
    return "".join(chance.choice(["", "l", letter + "i"]) if chance.random() < 0.08 else letter for letter in text)


@pytest.mark.parametrize("language", LETTERS)
def test_a_letter_says_its_language(language: str) -> None:
    assert find_languages(LETTERS[language]) == (language,)


@pytest.mark.parametrize("language", LETTERS)
def test_noise_and_a_column_of_numbers_do_not_hide_it_nor_make_another_of_it(language: str) -> None:
    text = "\n".join(f"{spoiled(LETTERS[language], seed)} 1.234,50 EUR" for seed in range(3))
    assert find_languages(text) == (language,)


def test_german_that_was_read_as_if_it_were_english_is_german() -> None:
    text = LETTERS["deu"].replace("ü", "u").replace("ö", "o").replace("ß", "B").upper()
    assert find_languages(text) == ("deu",)


@pytest.mark.parametrize("text", NOT_SAID.values(), ids=NOT_SAID)
def test_what_does_not_say_it_is_in_no_language(text: str) -> None:
    assert find_languages(text) == ()


@pytest.mark.parametrize(("more", "less"), [("deu", "eng"), ("fra", "nld"), ("rus", "eng"), ("eng", "jpn")])
def test_a_page_in_two_languages_is_in_both_the_one_with_more_text_first(more: str, less: str) -> None:
    again = 4 if less == "jpn" else 1
    assert find_languages("\n".join([LETTERS[less]] * again + [LETTERS[more]] * 2)) == (more, less)


def test_a_foreign_title_or_signature_does_not_make_two_languages() -> None:
    assert find_languages("Terms and Conditions of the Customer Service\n" + LETTERS["deu"] * 2) == ("deu",)


def test_words_are_written_as_they_are_compared() -> None:
    for language in LANGUAGES.values():
        assert all(word == word.lower() and word.isalpha() for word in language.words)


def test_languages_are_named() -> None:
    assert in_words(["deu"]) == "German"
    assert in_words(["deu", "eng"]) == "German and English"
    assert in_words(["xyz"]) == "xyz"
