"""Pairs of names: the same to a person, and really different ones; and ways of spelling a name otherwise."""

from __future__ import annotations

from collections.abc import Callable

#: New name, existing name.
SAME: list[tuple[str, str]] = [
    # One and many, in English.
    ("Invoices", "Invoice"), ("Tax documents", "Tax document"), ("Policies", "Policy"),
    ("Insurance policies", "Insurance Policy"),
    ("Taxes", "Tax"), ("Boxes", "Box"), ("Addresses", "Address"), ("Branches", "Branch"),
    ("Bank statements", "Bank statement"),
    ("Receipts", "Receipt"), ("Bills", "Bill"), ("Expenses", "Expense"), ("Licenses", "License"),
    ("Contracts", "contract"),
    ("Payslips", "Payslip"), ("Warranties", "Warranty"), ("Manuals", "manual"), ("Certificates", "Certificate"),
    # German.
    ("Rechnungen", "Rechnung"), ("Verträge", "Vertrag"), ("Versicherungen", "Versicherung"),
    ("Kontoauszüge", "Kontoauszug"),
    ("Belege", "Beleg"), ("Steuern", "Steuer"), ("Briefe", "Brief"), ("Bescheide", "Bescheid"),
    ("Mahnungen", "Mahnung"),
    ("Mietverträge", "Mietvertrag"), ("Gehaltsabrechnungen", "Gehaltsabrechnung"), ("Quittungen", "Quittung"),
    ("Rezepte", "Rezept"),
    ("Zeugnisse", "Zeugnis"), ("Bücher", "Buch"), ("Anträge", "Antrag"), ("Nachweise", "Nachweis"),
    ("Karten", "Karte"),
    ("Dokumente", "Dokument"), ("Befunde", "Befund"), ("Protokolle", "Protokoll"), ("Angebote", "Angebot"),
    ("Vertraege", "Vertrag"),
    ("Hunde", "Hund"), ("Gebühren", "Gebühr"), ("Gebuehren", "Gebühr"), ("Medikamente", "Medikament"),
    ("Notizen", "Notiz"), ("Konten", "Konto"), ("Kurse", "Kurs"), ("Patente", "Patent"), ("Pässe", "Pass"),
    ("Reisepässe", "Reisepass"), ("Einkäufe", "Einkauf"), ("Löhne", "Lohn"), ("Urlaube", "Urlaub"), ("Tiere", "Tier"),
    ("Arbeitslöhne", "Arbeitslohn"), ("Krankenhausaufenthalte", "Krankenhausaufenthalt"), ("Preise", "Preis"),
    ("Kaufpreise", "Kaufpreis"), ("Beschlüsse", "Beschluss"), ("Beschlüsse", "Beschluß"), ("Prozesse", "Prozess"),
    ("Sprachkurse", "Sprachkurs"), ("Haustiere", "Haustier"), ("Kontogebühren", "Kontogebühr"), ("Vereine", "Verein"),
    ("Arbeitsplätze", "Arbeitsplatz"), ("Grundstücke", "Grundstück"), ("Lebensläufe", "Lebenslauf"),
    ("Auskünfte", "Auskunft"), ("Widersprüche", "Widerspruch"), ("Besuche", "Besuch"), ("Betriebe", "Betrieb"),
    ("Zuschüsse", "Zuschuss"), ("Umsätze", "Umsatz"), ("Entwürfe", "Entwurf"), ("Gesetze", "Gesetz"),
    ("Anwälte", "Anwalt"), ("Unfälle", "Unfall"), ("Jahre", "Jahr"), ("Referate", "Referat"), ("Hefte", "Heft"),
    ("Reparaturen", "Reparatur"), ("Fahrten", "Fahrt"), ("Nachrichten", "Nachricht"), ("Antworten", "Antwort"),
    ("Personen", "Person"), ("Bilanzen", "Bilanz"), ("Lizenzen", "Lizenz"), ("Referenzen", "Referenz"),
    ("Agenturen", "Agentur"), ("Lieferanten", "Lieferant"), ("Patienten", "Patient"), ("Kliniken", "Klinik"),
    ("Statistiken", "Statistik"), ("Wahlen", "Wahl"), ("Schulden", "Schuld"), ("Hochzeiten", "Hochzeit"),
    ("Übersichten", "Übersicht"), ("Dateien", "Datei"),
    ("Papiere", "Papier"), ("Fahrräder", "Fahrrad"), ("Themen", "Thema"), ("Praxen", "Praxis"), ("Firmen", "Firma"),
    ("Policen", "Police"), ("Termine", "Termin"), ("Alte Notizen", "Alte Notiz"), ("Analyses", "Analysis"),
    ("1und1", "1&1"), ("1 und 1", "1&1"),
    # Other languages.
    ("Factures", "Facture"), ("Reçus", "Reçu"), ("Contrats", "Contrat"), ("Journaux", "Journal"),
    ("Facturas", "Factura"),
    ("Declaraciones", "Declaración"), ("Recibos", "Recibo"), ("Fatture", "Fattura"), ("Contratti", "Contratto"),
    ("Documenti", "Documento"), ("Assicurazioni", "Assicurazione"), ("Ricevute", "Ricevuta"), ("Facturen", "Factuur"),
    ("Rekeningen", "Rekening"), ("Contracten", "Contract"), ("Faktury", "Faktura"), ("Umowy", "Umowa"),
    ("Rachunki", "Rachunek"),
    ("Fakturor", "Faktura"), ("Declarações", "Declaração"),
    # Order, articles, joining words.
    ("Energy Ambervale", "Ambervale Energy"), ("Meyer, Anna", "Anna Meyer"), ("Meyer Anna", "Anna Meyer"),
    ("Köln Stadtwerke", "Stadtwerke Köln"),
    ("The Energy Company", "Energy Company"), ("The Guardian", "Guardian"), ("Die Bahn", "Bahn"),
    ("Der Spiegel", "Spiegel"),
    ("La Poste", "Poste"), ("Müller und Söhne", "Müller & Söhne"), ("Smith and Sons", "Smith & Sons"),
    ("Dupont et Fils", "Dupont & Fils"),
    # Legal forms.
    ("Ambervale Energy Ltd", "Ambervale Energy"), ("Ambervale Ltd", "Ambervale Limited"),
    ("Müller GmbH & Co. KG", "Müller GmbH"),
    ("Siemens", "Siemens AG"), ("Apple Inc.", "Apple"), ("Microsoft Corporation", "Microsoft"),
    ("Enel S.p.A.", "Enel"), ("Enel SpA", "Enel"),
    ("Turnverein e.V.", "Turnverein"), ("Tiffany & Co.", "Tiffany"), ("Acme, LLC", "ACME"),
    ("Telefónica S.A.", "Telefonica"),
    ("Ikea AB", "IKEA"), ("Nokia Oyj", "Nokia"), ("Booking B.V.", "Booking"), ("ООО Ромашка", "Ромашка"),
    ("Tesco PLC", "Tesco"),
    # Punctuation, accents, joined words, apostrophes.
    ("E-Mail", "Email"), ("Stadt-Werke", "Stadtwerke"), ("Stadt Werke", "Stadtwerke"), ("McDonalds", "McDonald's"),
    ("I.B.M.", "IBM"),
    ("Kranken-Versicherung", "Krankenversicherung"), ("Tax-Return", "Tax return"), ("Cafe", "Café"),
    ("Mueller", "Müller"),
    ("Muller", "Müller"), ("Strasse", "Straße"), ("Hauptstr. 5", "Hauptstraße 5"), ("Fussball", "Fußball"),
    ("Ostberg", "Østberg"),
    ("Oesterreich", "Österreich"), ("Tax/Return", "Tax Return"), ("#Invoice", "Invoice"), ("Invoice:", "Invoice"),
    ("INVOICE", "invoice"),
    ("Lodz", "Łódź"), ("Insurance (car)", "Insurance car"), ("Health care", "Healthcare"), ("Pay slip", "Payslips"),
    # Slips of OCR, other scripts, short forms that are safe.
    ("lnvoice", "Invoice"), ("Te1ekom", "Telekom"), ("Arnbervale", "Ambervale"), ("Аmazon", "Amazon"),
    ("РayPal", "PayPal"),
    ("Vodafonc", "Vodafone"), ("Dt. Telekom", "Deutsche Telekom"), ("Intl. Bank", "International Bank"),
    ("Ｉｎｖｏｉｃｅ", "Invoice"),
    # Both at once.
    ("The Invoices", "invoice"), ("Organisations", "Organization"), ("Authorised dealer", "Authorized dealer"),
    ("Firma Müller", "Müller"),
    ("Tax2023", "Tax 2023"), ("Lieferscheine", "Lieferschein"), ("Ärzte", "Arzt"),
    ("Fiches de paie", "Fiche de paie"), ("Buste paga", "Busta paga"), ("Strom-Rechnungen", "Stromrechnung"),
    ("Invoices 2024", "Invoice 2024"),
    ("Ambervale Energy Limited", "Energy, Ambervale"),
    ("Stadtwerke Koeln GmbH", "Köln Stadtwerke"),
]  # fmt: skip

#: Both ways round.
DIFFERENT: list[tuple[str, str]] = [
    # Numbers.
    ("Tax 2023", "Tax 2024"), ("Tax 2023", "Tax"), ("2023", "2024"), ("O2", "O3"), ("Windows 10", "Windows 11"),
    ("A4", "A5"),
    ("Form 1040", "Form 1041"), ("Covid19", "Covid20"), ("Q1 2024", "Q2 2024"), ("3 of 5", "5 of 3"),
    ("Konto 12 34", "Konto 1 234"),
    ("Phase II", "Phase III"), ("Part I", "Part II"), ("Block A", "Block B"), ("Haus 1", "Haus 1a"),
    ("1&1", "1&2"), ("Route 66", "Route 6"),
    # Short names.
    ("ING", "INK"), ("BBC", "ABC"), ("DKB", "DKV"), ("AOK", "ADK"), ("BMW", "BMV"), ("IBM", "ICBM"),
    ("UPS", "USPS"), ("VW", "VM"),
    ("DHL", "DPD"), ("TUI", "TUV"), ("Bus", "Bug"), ("Cat", "Car"), ("EDF", "PDF"), ("Post", "Port"),
    ("Aldi", "Audi"), ("Lidl", "Lido"),
    # A name within another.
    ("ING", "Housing"), ("Bank", "Deutsche Bank"), ("Allianz", "Allianz Versicherung"),
    ("Insurance", "Car insurance"), ("Tax", "Tax return"),
    ("Rechnung", "Rechnungsprüfung"), ("Alpha", "Alphabet"), ("Amazon", "Amazon Web Services"),
    ("Köln", "Stadtwerke Köln"),
    ("Energy", "Ambervale Energy"), ("Rose", "Prose"), ("Anna", "Anna Meyer"),
    ("Versicherung", "Krankenversicherung"),
    ("Apple", "Applebee"), ("Post", "Postbank"), ("Auto", "Autohaus"), ("Bau", "Bauer"),
    # One word of two is another.
    ("Water bill", "Waste bill"), ("Water bill", "Water rates"), ("Car insurance", "Home insurance"),
    ("Car loan", "Home loan"),
    ("Stadtwerke Köln", "Stadtwerke Bonn"), ("Finanzamt Nord", "Finanzamt Süd"),
    ("Bank of America", "Bank of Armenia"),
    ("South Energy", "North Energy"), ("Ambervale Energy", "Ambervale Water"), ("Red Cross", "Red Bull"),
    ("Income tax", "Sales tax"),
    ("Deutsche Bank", "Deutsche Bahn"), ("Deutsche Post", "Deutsche Bank"), ("Incoming invoice", "Outgoing invoice"),
    # People.
    ("Anna Meyer", "Anna Mayer"), ("Anna Meyer", "Anna Meier"), ("Anna Meyer", "Hanna Meyer"),
    ("Anna Meyer", "Anne Meyer"),
    ("Petersen", "Peterson"), ("Hofmann", "Hoffmann"), ("Schmidt", "Schmitt"), ("Schröder", "Schröter"),
    ("Martin", "Martine"),
    ("Christin Vogel", "Christine Vogel"), ("Simon", "Simone"), ("Daniel Roth", "Daniele Roth"),
    ("William", "Williams"),
    ("Bauer", "Baur"), ("Michael", "Michal"), ("Müller", "Möller"), ("Müller", "Miller"),
    ("Maria Rossi", "Mario Rossi"),
    ("Kaufmann", "Kaufman"), ("Andersen", "Anderson"), ("Jonas", "Jona"), ("Philips", "Philip"),
    ("Julia Beck", "Julie Beck"),
    ("Peter Roth", "Petra Roth"), ("Anna Seiler", "Anna Seller"), ("Weiler", "Weller"),
    ("Christiansen", "Christianson"), ("Schumacher", "Schuhmacher"), ("Joey", "Joy"), ("Jan Novak", "Jana Novak"),
    ("Rogers", "Roger"), ("Marcel", "Marcele"), ("Pascal", "Pascale"), ("Hans", "Hansen"), ("Jens", "Jensen"),
    ("Luise", "Luis"), ("Louise", "Louis"), ("Denise", "Denis"), ("Henrike", "Henrik"), ("Frederike", "Frederik"),
    ("Ulrike", "Ulrik"), ("Emile", "Emil"), ("Steuern Luise", "Steuern Luis"), ("Arzt Henrike", "Arzt Henrik"),
    ("Dominique", "Dominiq"), ("Lang", "Lange"), ("Kraus", "Krause"), ("Anna Wolf", "Anna Wolfe"), ("Joos", "Joosen"),
    ("Marlen", "Marlene"), ("Michel", "Michele"), ("Gabriel", "Gabriele"), ("Kern", "Kerne"), ("Bart", "Barte"),
    ("Ott", "Otten"), ("Thiel", "Thielen"), ("Wilhelm", "Wilhelme"), ("Karl", "Karle"),
    # Words near each other that mean other things.
    ("Rent", "Rente"), ("Rent", "Renten"), ("Mark", "Marke"), ("Mark", "Marken"), ("Post", "Posten"), ("Hall", "Halle"),
    ("Bar", "Bär"), ("Grund", "Grunde"), ("Spend", "Spende"), ("Fest", "Feste"), ("Cost", "Coste"), ("Past", "Paste"),
    ("Camp", "Campen"), ("Test", "Testen"), ("Gehalt", "Gehalte"), ("Reis", "Reise"), ("Reis", "Reisen"),
    ("Rund", "Runde"), ("Bund", "Bunde"), ("Privat", "Private"), ("Druck", "Drucke"), ("Corp", "Corpe"),
    ("Invest", "Investen"), ("Ruhr", "Ruhren"), ("Fall", "Falle"), ("Not", "Note"), ("Sold", "Solde"),
    ("Anmeldung", "Abmeldung"), ("Employer", "Employee"), ("Ausgaben", "Aufgaben"), ("Import", "Export"),
    ("Einzahlung", "Auszahlung"),
    ("Insurance", "Assurance"), ("Contract", "Contact"), ("Complaint", "Compliant"), ("Invoice", "Voice"),
    ("Modern", "Modem"),
    ("Abrechnung", "Anrechnung"), ("Debit", "Debt"), ("Lessor", "Lessee"), ("Licensor", "Licensee"),
    ("Personal", "Personnel"),
    ("Interstate", "Intrastate"), ("Gutschrift", "Lastschrift"), ("Miete", "Mieter"), ("Vermieter", "Mieter"),
    ("News", "New"),
    ("Customs", "Custom"), ("Daten", "Date"), ("Report", "Reporter"), ("Bank", "Bench"),
    ("Statement", "Testament"), ("Kasse", "Klasse"),
    ("Mahnung", "Meinung"), ("Rechnung", "Zeichnung"), ("Kündigung", "Ankündigung"), ("Income", "Outcome"),
    ("Disposition", "Deposition"), ("Reservation", "Preservation"), ("Interviewer", "Interviewee"),
    ("Confirmation", "Conformation"), ("Construction", "Constriction"),
    ("Prescription", "Subscription"), ("Conversation", "Conservation"), ("Marital", "Martial"),
    ("Desert", "Dessert"), ("Garten", "Karten"),
    ("Moral", "Morale"), ("Kost", "Kosten"), ("Human", "Humane"), ("1und1", "1&2"), ("Schule", "Schulden"),
    # Firms with other forms; signs; other scripts.
    ("Müller GmbH", "Müller AG"), ("Northwind Inc.", "Northwind Ltd"), ("C++", "C#"), ("C", "C++"), ("R", "R+V"),
    ("Hotel Spa", "Hotel"),
    ("Tesla EV", "Tesla"), ("Paket 25 kg", "Paket 25"), ("東京電力", "東京ガス"),
    ("東京都中央区税務署法人課税第一部門", "東京都中央区税務署法人課税第二部門"), ("Газпром", "Газпром Нефть"),
    ("Россия", "Русия"),
    ("Ελλάδα", "Ελλάς"),
]  # fmt: skip

BASES = [
    "Ambervale Energy", "Northwind Traders", "Stadtwerke Köln", "Deutsche Rentenversicherung", "Finanzamt Süd",
    "Invoice", "Contract",
    "Bank statement", "Krankenversicherung", "Tax 2023", "Société Générale", "Banco Santander", "Electricity bill",
    "Water bill",
    "Mietvertrag", "Steuerbescheid", "Fondazione Verdi", "Universität Tübingen", "Horizon Telecom",
    "Müller Bäckerei", "Газпром нефть",
    "Hausrat", "Gemeinde Sankt Gallen", "Peters Dental Clinic", "Zürich Lebensversicherung",
]  # fmt: skip

_CYRILLIC = str.maketrans("aeopcxAEOPCX", "аеорсхАЕОРСХ")
_PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ü": "Ue", "é": "e"})


def _misread(text: str) -> str:
    """Read the longest word as bad print is read: its l or i becomes 1 or l."""
    word = max(text.split(), key=len)
    inner = word[1:-1].replace("l", "1", 1) if "l" in word[1:-1] else word[1:-1].replace("i", "l", 1)
    return text.replace(word, word[0] + inner + word[-1])


#: What is done to a name without making it another one.
SPELLINGS: dict[str, Callable[[str], str]] = {
    "in capitals": str.upper,
    "in small letters": str.lower,
    "with dashes": lambda name: name.replace(" ", "-"),
    "with dots": lambda name: name.replace(" ", ". ") + ".",
    "with the article": lambda name: f"The {name}",
    "of a limited firm": lambda name: f"{name} Ltd.",
    "of a German firm": lambda name: f"{name} GmbH & Co. KG",
    "of a stock company": lambda name: f"{name} AG",
    "of a French firm": lambda name: f"{name} S.A.",
    "of an Italian firm": lambda name: f"{name} S.r.l.",
    "the other way round": lambda name: " ".join(reversed(name.split())),
    "as in a list of names": lambda name: ", ".join([name.split()[-1], " ".join(name.split()[:-1])]).rstrip(", "),
    "without umlauts": lambda name: name.translate(_PLAIN),
    "taken apart": lambda name: name.replace("ö", "o\u0308").replace("ü", "u\u0308").replace("é", "e\u0301"),
    "with letters of another script": lambda name: name.translate(_CYRILLIC),
    "with odd spaces": lambda name: f"\u00a0{name.replace(' ', chr(0x2003))}\n",
    "read badly": _misread,
    "in quotes": lambda name: f"„{name}“",
}
