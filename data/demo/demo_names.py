"""Invented people and places of the demo agency: plausible around Strasbourg, nobody real.

Phone numbers are those the French regulator keeps for fiction (06 39 98, 03 53 01), e-mail addresses are at
reserved example domains, bank accounts belong to a bank code that does not exist.
"""

from __future__ import annotations

PEOPLE = (
    "Mme Jeanne Muller", "Mme Suzanne Weber", "M René Schmitt", "Mme Odile Klein", "M Gérard Meyer",
    "Mme Lucienne Keller", "M André Fischer", "Mme Marie-Thérèse Roth", "M Bernard Wagner",
    "Mme Germaine Heitz", "Mme Yvette Baumann", "M Marcel Kuntz", "Mme Paulette Oberlé", "M Roger Stoll",
    "Mme Denise Fritsch", "M Fernand Diebolt", "Mme Colette Wendling", "M Jean-Paul Schaeffer",
    "Mme Huguette Haas", "M Claude Kieffer", "Mme Simone Lutz", "M Raymond Vogel", "Mme Ginette Arnold",
    "M Étienne Burger", "Mme Hélène Dietrich", "M Joseph Friedrich", "Mme Annette Gross", "M Lucien Hirtz",
    "Mme Thérèse Ruch", "M Michel Walter", "Mme Monique Garnier", "M Alain Lefèvre", "Mme Nicole Moreau",
    "Mme Fatima Benali", "M Van Minh Nguyen", "Mme Maria Da Silva", "M Antonio Rossi", "Mme Zeynep Yilmaz",
    "M Pierre Zimmermann", "Mme Léonie Kessler", "Mme Mathilde Ehrhart", "M Charles Hoffmann",
    "Mme Élisabeth Lehmann", "M Robert Becker", "Mme Cécile Ott", "M Paul Jung", "Mme Irène Metz",
    "M Henri Schneider", "Mme Françoise Acker", "M Joël Bieber", "Mme Anne-Marie Clauss", "M Émile Dossmann",
    "Mme Reine Erb", "Mme Gabrielle Felden", "M Xavier Grunder", "Mme Brigitte Hertzog", "M Daniel Isenmann",
    "Mme Chloé Jaeger", "M Noël Kapps", "Mme Rose L'Huillier",
)  # fmt: skip

STREETS = (
    "rue des Tilleuls", "avenue des Vosges", "quai des Bateliers", "route du Polygone", "rue du Sacré-Cœur",
    "rue de la Krutenau", "allée de la Robertsau", "rue de l'Ill", "place d'Austerlitz",
    "rue du Maréchal-Foch", "rue des Charpentiers", "rue de la Ziegelau", "boulevard de l'Orangerie",
    "rue des Jardiniers", "chemin du Heyritz",
)  # fmt: skip

TOWNS = (
    ("67000", "Strasbourg"), ("67100", "Strasbourg"), ("67200", "Strasbourg"), ("67300", "Schiltigheim"),
    ("67400", "Illkirch-Graffenstaden"), ("67380", "Lingolsheim"), ("67800", "Hœnheim"), ("67540", "Ostwald"),
)  # fmt: skip

WORKERS = (
    "ADAM_L", "BRAUN_S", "CASPAR_M", "DIOP_A", "ECKERT_N", "FERREIRA_C", "GEORGE_P", "HASSAN_R", "IMHOFF_V",
    "KOENIG_D", "LAMBERT_J", "MOSSER_E",
)  # fmt: skip


def fold(text: str) -> str:
    """Lower-case ASCII, for e-mail addresses."""
    import unicodedata

    text = text.replace("œ", "oe")
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return plain.replace("'", "").replace(" ", "-")


def luhn_complete(digits: str) -> str:
    """`digits` and the one that makes the whole valid for Luhn (SIREN, SIRET)."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def siret(siren8: str, establishment: str) -> str:
    """A SIRET of 14 digits (SIREN and establishment both valid for Luhn)."""
    return luhn_complete(luhn_complete(siren8) + establishment)


def iban(account: int) -> str:
    """A French IBAN with right keys, of the bank 99999 which nobody is."""
    bank, desk, number = "99999", "00001", f"{account:011d}"
    rib = 97 - (89 * int(bank) + 15 * int(desk) + 3 * int(number)) % 97
    bban = f"{bank}{desk}{number}{rib:02d}"
    key = 98 - int(bban + "152700") % 97
    return f"FR{key:02d}{bban}"
