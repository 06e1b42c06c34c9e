"""The documents of the practice archive: everything a trial needs to see, from a good scan to a locked file.

All companies, people and numbers are invented.
"""

from dataclasses import dataclass
from typing import Final

from sidecar.practice.scans import (
    empty_pdf,
    encrypted_pdf,
    huge_image,
    not_a_pdf,
    pdf_with_broken_page,
    pdf_with_damaged_scan,
    photo,
    scan_page,
    scan_pdf,
    text_pdf,
)

__all__ = [
    "DEMO_NAMES",
    "Sample",
    "demo_samples",
    "empty_pdf",
    "encrypted_pdf",
    "huge_image",
    "not_a_pdf",
    "pdf_with_broken_page",
    "pdf_with_damaged_scan",
    "photo",
    "scan_page",
    "scan_pdf",
    "text_pdf",
]


@dataclass(frozen=True)
class Sample:
    """A document as it stands in the archive before the sidecar comes."""

    filename: str
    mime_type: str
    title: str
    #: The text Paperless had; poor for scans, empty where nothing could be read.
    content: str
    data: bytes
    #: The trigger tags its owner put on.
    tags: tuple[str, ...]
    #: What the demo shows with it, in one line.
    story: str


#: What exists in the archive before the first document: kind of name -> names.
DEMO_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "tags": ("Invoice", "Insurance", "Contract", "Receipt", "Tax", "Household", "Energy", "Bank"),
    "correspondents": (
        "Orrisdale Property Partners",
        "Ambervale Energy",
        "Pebble & Thyme Market",
        "Tannwald Hausverwaltung",
        "Velmora Hosting",
        "Quillstone Insurance",
        "Eastmere Dental Practice",
        "Larkfield Savings Bank",
    ),
    "document_types": ("Invoice", "Letter", "Contract", "Receipt", "Policy", "Statement"),
}

_CONTRACT = (
    """# Tenancy Agreement
Agreement number OPP-2026-0417\tPage 1 of 4

This agreement is made on 3 March 2026 between Orrisdale Property Partners, 8 Quayside Road, Eastmere, as the \
landlord, and Mara Ellison, 27 Garden Terrace, Eastmere, as the tenant.

1. The premises
The landlord lets to the tenant the flat on the second floor of 14 Lantern Street, Eastmere, with two bedrooms, \
a kitchen, a bathroom and a cellar room, together with the furniture listed in the annex to this agreement.

2. The term
The tenancy begins on 1 April 2026 and runs for twenty-four months. After that it continues from month to month \
until one of the parties ends it in writing.

3. Notice
Either party may end the tenancy with three months of notice to the end of a calendar month. Notice must be \
given in writing and reach the other party before the third working day of the month.""",
    """Agreement number OPP-2026-0417\tPage 2 of 4

4. The rent
The rent is 1,180.00 EUR a month and is due in advance on the third working day of each month. It is paid by \
standing order to the account that the landlord names.

5. Service charges
In addition the tenant pays 165.00 EUR a month in advance for heating, water, waste collection and the cleaning \
of the stairs. The landlord settles the true costs once a year, not later than the end of September, and sends \
the tenant a statement with copies of the bills on request.

6. The deposit
The tenant pays a deposit of 2,360.00 EUR before the keys are handed over. The landlord keeps it apart from \
other money and returns it with interest within eight weeks after the end of the tenancy, less what the tenant \
still owes.""",
    """Agreement number OPP-2026-0417\tPage 3 of 4

7. Repairs
The landlord keeps the building, the heating and the pipes in good order. The tenant reports damage without \
delay and pays for small repairs up to 90.00 EUR each, but no more than 320.00 EUR in a year.

8. Use of the flat
The flat is let as a home. Working from home is allowed where no customers visit. Cats are welcome; other \
animals need the consent of the landlord, which may be refused only for a good reason.

9. Entry
The landlord may enter the flat to inspect it or to have repairs made, after announcing the visit at least two \
days before. In an emergency no announcement is needed.

10. Insurance
The landlord insures the building. The tenant is advised to insure the contents of the flat.""",
    """Agreement number OPP-2026-0417\tPage 4 of 4

11. End of the tenancy
At the end of the tenancy the tenant returns the flat swept clean, with all keys. The parties record its \
condition together and both sign that record.

12. Changes
Changes to this agreement must be made in writing. Should one of its parts be void, the others remain in force.

Annex: furniture
One kitchen table with four chairs, one wardrobe, one washing machine, curtains in both bedrooms.


Eastmere, 3 March 2026


Orrisdale Property Partners\tMara Ellison
(landlord)\t(tenant)""",
)
_CONTRACT_BEFORE = """Tenancv Agreernent
Agreernent nurnber 0PP-2O26-O417 Paqe l of 4
Th1s agreernent is rnade on 3 March 2O26 betvveen 0rrisdale Propertv Partners"""

_ENERGY_INVOICE = """# Electricity bill for April 2026
Ambervale Energy
Power Station Road 5, Ambervale\tCustomer 4471-9082


Mara Ellison
14 Lantern Street
Eastmere

Invoice AE-260512
Date of invoice\t12 May 2026
Period\t1 April to 30 April 2026

Electricity used, 214 kWh at 0.31 EUR\t66.34 EUR
Basic price for one month\t11.90 EUR
Meter rental\t1.20 EUR
Total before tax\t79.44 EUR
Value added tax 19 %\t15.09 EUR
Amount due\t94.53 EUR

We will collect the amount due from your account on 26 May 2026. Your meter number is 1EMH0049281. Thank you for \
choosing electricity from wind and water."""
_ENERGY_BEFORE = """Arnberva1e Enerqy
lnvoice AE-26O5I2
E1ectricitv used, 2l4 kVVh"""

_RECEIPT = """# Receipt
Pebble & Thyme Market
9 Harbour Lane, Eastmere

Oat milk, two bottles\t4.98
Sourdough bread\t3.80
Tomatoes\t3.45
Coffee beans\t16.90
Washing powder\t7.20

TOTAL EUR\t36.33
Paid by card\t36.33

18 June 2026 at 17:42
Thank you for your visit"""

_TWO_LANGUAGES = """# Annual meeting of the owners
Tannwald Hausverwaltung
Am Wiesenhang 3, Tannwald\t9 February 2026


Dear Ms Ellison,

the annual meeting of the owners takes place on Thursday, 26 March 2026 at 18:30 in the community hall. We will \
vote on the new roof and on the budget for the coming year. Please let us know by 12 March whether you will \
attend, or name a person who may vote in your place.

With kind regards


Sehr geehrte Frau Ellison,

die Versammlung der Wohnungseigentümer findet am Donnerstag, dem 26. März 2026 um 18:30 Uhr im Gemeindesaal \
statt. Wir stimmen über das neue Dach und den Wirtschaftsplan für das kommende Jahr ab. Bitte teilen Sie uns bis \
zum 12. März mit, ob Sie teilnehmen, oder benennen Sie eine Person, die für Sie abstimmt.

Mit freundlichen Grüßen
Tannwald Hausverwaltung"""
_TWO_LANGUAGES_BEFORE = """Tannvva1d Hausvervva1tung
Dear Ms E11ison, the annua1 rneeting of the ovvners takes p1ace on Thursdav"""

_HOSTING_INVOICE = """# Invoice for web hosting
Velmora Hosting
Invoice number\tVH-88213
Invoice date\t2 June 2026
Customer\tMara Ellison

Web hosting, package Basic, June 2026 to May 2027\t71.40 EUR
Domain name for one year\t14.00 EUR
Total\t85.40 EUR

Please transfer the total by 16 June 2026 and name the invoice number."""

_POLICY = (
    """# Home contents policy
Quillstone Insurance\tPolicy QS-5520-771

Insured person: Mara Ellison
Insured place: 14 Lantern Street, Eastmere
Beginning of cover: 1 April 2026

Sum insured\t45,000 EUR
Excess for each claim\t150 EUR
Yearly premium\t128.60 EUR

The premium is due on 1 April of each year. The cover is extended by one year unless one of the parties ends it \
two months before.""",
    """What is covered\tPolicy QS-5520-771

We pay for damage to the contents of your home by fire, lightning, storm, hail, water from pipes, burglary and \
vandalism. Bicycles are covered up to 1,500 EUR if they were locked.

What is not covered
Damage done on purpose, damage by flood from outside, and money above 500 EUR that was not in a safe.

Report every damage without delay, and burglary to the police as well.""",
)

_DENTIST_LETTER = """# Your next examination
Eastmere Dental Practice
2 Station Square, Eastmere\t21 January 2026


Dear Ms Ellison,

your last examination was more than a year ago. We have kept an appointment free for you on Tuesday, 17 February \
2026 at 8:15 in the morning. If the time does not suit you, please call the reception at least two days before.

Please bring your health card and a list of the medicines that you take. The examination takes about half an hour \
and costs you nothing.

With kind regards
Dr Imogen Farrow"""
_DENTIST_BEFORE = """~~ E@stmere Denta1 Pract|ce .,
De@r Ms E|I|son. y0ur 1ast exam1nat10n vv@s rn0re th@n @ ye@r @g0 ;; VVe h@ve kept
@n @pp01ntment f|ee f0r y0u 0n Tuesd@y ]7 Febru@ry"""

_STATEMENT = """# Larkfield Savings Bank
Statement of account 3 of 2026"""

_BOTH = ("auto-ocr", "auto-tag")


def _scanned() -> list[Sample]:
    pdf = "application/pdf"
    return [
        Sample(
            "scan0001.pdf",
            pdf,
            "scan0001",
            _CONTRACT_BEFORE,
            scan_pdf(_CONTRACT, skew=0.4, noise=4, seed=1),
            _BOTH,
            "a scanned contract of four pages: every page is read and kept, then it is filed",
        ),
        Sample(
            "scan0002.pdf",
            pdf,
            "scan0002",
            _ENERGY_BEFORE,
            scan_pdf([_ENERGY_INVOICE], skew=-0.5, noise=5, seed=2),
            _BOTH,
            "a scanned invoice: amounts and numbers have to be right",
        ),
        Sample(
            "IMG_2718.jpg",
            "image/jpeg",
            "IMG_2718",
            "",
            photo(_RECEIPT, seed=4),
            _BOTH,
            "a receipt photographed on a table, which Paperless could not read at all",
        ),
        Sample(
            "scan0003.pdf",
            pdf,
            "scan0003",
            _TWO_LANGUAGES_BEFORE,
            scan_pdf([_TWO_LANGUAGES], skew=0.3, noise=3, seed=4),
            _BOTH,
            "a letter in English and German",
        ),
        Sample(
            "scan0004.pdf",
            pdf,
            "scan0004",
            _DENTIST_BEFORE,
            scan_pdf([_DENTIST_LETTER], skew=-0.6, noise=6, seed=5),
            ("auto-ocr",),
            "a letter whose old text is useless: only the text is asked for",
        ),
    ]


def _born_digital() -> list[Sample]:
    return [
        Sample(
            "VH-88213.pdf",
            "application/pdf",
            "VH-88213",
            _HOSTING_INVOICE.removeprefix("# "),
            text_pdf([_HOSTING_INVOICE]),
            ("auto-tag",),
            "an invoice from the web: its text is good, so it is only filed",
        ),
        Sample(
            "document(7).pdf",
            "application/pdf",
            "document(7)",
            "\n\n".join(_POLICY).removeprefix("# "),
            text_pdf(_POLICY),
            ("auto-tag",),
            "an insurance policy of two pages, only to be filed",
        ),
    ]


def demo_samples() -> list[Sample]:
    """Make the documents of the demo, the longest first and the one that must fail last."""
    locked = Sample(
        "statement-3.pdf",
        "application/pdf",
        "statement-3",
        "",
        encrypted_pdf(_STATEMENT),
        _BOTH,
        "a bank statement locked with a password: it fails, and says why in Paperless",
    )
    return [*_scanned(), *_born_digital(), locked]
