"""What an invoice says, in words: facts of the marts become the texts that templates/invoice.typ lays out.

Mentions: art. 242 nonies A (CGI annexe II) for any invoice, art. D. 7233-1 (Code du travail) for personal
services (worker's registration number, time spent, hourly rate tax included). Nothing is computed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from console.exports.formats import NARROW, day, duration, euros, month, of_month, percent, quantity
from console.settings import Settings

PAYMENT_METHODS = {
    "virement": "Virement",
    "prelevement": "Prélèvement",
    "cheque": "Chèque",
    "cesu": "CESU",
    "especes": "Espèces",
    "carte": "Carte bancaire",
}
DAY_TYPES = {"saturday": "Samedi", "sunday_holiday": "Dimanche ou jour férié"}
COLUMNS = ["Date", "Prestation", "Intervenant", "Durée", "Tarif TTC", "Montant TTC"]
HOME_PLUS_NOTICE = (
    "Facture réglée par Home+ (avance immédiate) : vous n'avez rien à payer à l'agence.",
    "L'agence transmet cette facture à l'Urssaf. Un message vous prévient dès que la demande de paiement "
    "vous attend dans votre espace ; sans réponse de votre part sous 48 heures, elle est réputée acceptée.",
    "L'Urssaf déduit l'avance immédiate et prélève le reste à votre charge sur votre compte bancaire. "
    "L'avance reçue vient en déduction de votre crédit d'impôt de l'année.",
)
TAX_CREDIT = (
    "Services à la personne : les sommes restant à votre charge peuvent ouvrir droit au crédit d'impôt de "
    "l'article 199 sexdecies du Code général des impôts, dans les conditions et limites que fixe cet article."
)


@dataclass(frozen=True)
class Mentions:
    """The legal mentions that come from the settings, not from the invoice."""

    late_payment_terms: str = ""
    vat_exemption: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Mentions:
        return cls(settings.late_payment_terms, settings.vat_exemption)


def is_draft(data: dict[str, Any]) -> bool:
    return not data["invoice_number"]


def is_credit(data: dict[str, Any]) -> bool:
    """A credit note, or an adjustment that is in the client's favour (spec 20)."""
    return data["kind"] == "credit_note" or data["total_incl_vat"] < 0


def kind_label(data: dict[str, Any]) -> str:
    if is_credit(data):
        return "Avoir"
    return "Facture d'ajustement" if data["kind"] == "adj" else "Facture"


def title_of(data: dict[str, Any]) -> str:
    return f"{kind_label(data)} {data['invoice_number'] or '(brouillon)'}"


def document_date(data: dict[str, Any]) -> date:
    """The date written in the file: of issue, else (draft) of creation."""
    if data["issued_on"]:
        return _as_date(data["issued_on"])
    return _as_date(data["created_at"]) if data["created_at"] else date.fromisoformat(f"{data['period']}-01")


def _as_date(value: date | datetime | str) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    return value.date() if isinstance(value, datetime) else value


def view(data: dict[str, Any], mentions: Mentions) -> dict[str, Any]:
    """Texts only, in the shape that templates/invoice.typ reads."""
    draft = is_draft(data)
    return {
        "draft": draft,
        "title": kind_label(data) + (" – brouillon" if draft else ""),
        "number": data["invoice_number"] or "",
        "reference": data["invoice_number"] or "Brouillon",
        "agency": {"name": data["agency_name"] or "", "lines": _agency_lines(data, mentions)},
        "recipient": _recipient(data),
        "facts": _facts(data),
        "introduction": _introduction(data),
        "columns": COLUMNS,
        "lines": [_line(line) for line in data["lines"]],
        "vat": [
            [percent(row["vat_rate"]), euros(row["excl_vat"]), euros(row["vat"]), euros(row["incl_vat"])]
            for row in data["vat"]
        ],
        "payer_header": ["Part des tiers-payeurs", "Montant"],
        "payers": [row for payer in data["payers"] for row in _payer_rows(payer)],
        "totals": _totals(data),
        "net": _net(data),
        "notice": list(HOME_PLUS_NOTICE) if data["home_plus"] else [],
        "mentions": _mentions(data, mentions),
        "footer": _footer(data),
    }


def _spaced(digits: str, *sizes: int) -> str:
    parts, start = [], 0
    for size in sizes:
        parts.append(digits[start : start + size])
        start += size
    return NARROW.join(part for part in (*parts, digits[start:]) if part)


def _siret(data: dict[str, Any]) -> str:
    digits = "".join(c for c in data["siret"] or "" if c.isdigit())
    return _spaced(digits, 3, 3, 3) if digits else ""


def _siren(data: dict[str, Any]) -> str:
    digits = "".join(c for c in data["siret"] or "" if c.isdigit())[:9]
    return _spaced(digits, 3, 3) if digits else ""


def _agency_lines(data: dict[str, Any], mentions: Mentions) -> list[str]:
    vat = f"TVA intracommunautaire : {data['vat_number']}" if data["vat_number"] else mentions.vat_exemption
    siret = _siret(data)
    lines = [
        data["agency_address"],
        _town(data["agency_postal_code"], data["agency_city"]),
        f"SIREN {_siren(data)} · SIRET {siret}" if siret else "",
        vat,
        f"Déclaration services à la personne : {data['nova_number']}" if data["nova_number"] else "",
    ]
    return [line for line in lines if line]


def _town(postal_code: str | None, city: str | None) -> str:
    return " ".join(part for part in (postal_code, city) if part)


def _recipient(data: dict[str, Any]) -> list[str]:
    name = " ".join(part for part in (data["civility"], data["first_name"], data["last_name"]) if part)
    country = (data["country"] or "").strip().upper()
    lines = [
        name or data["client_name"] or data["client_id"],
        *(data["address"] or "").splitlines()[:3],
        _town(data["postal_code"], data["city"]).upper(),
        "" if country in ("", "FR", "FRANCE") else country,
    ]
    return [line for line in lines if line]


def _facts(data: dict[str, Any]) -> list[list[str]]:
    facts = [["Référence client", data["client_id"]]]
    if data["issued_on"]:
        facts.append(["Date d'émission", day(data["issued_on"])])
    facts.append(["Période", month(data["period"])])
    if data["due_on"] and not is_credit(data):
        facts.append(["Échéance", day(data["due_on"])])
    if not is_credit(data):
        method = data["payment_method"] or ""
        label = "Home+ (Urssaf)" if data["home_plus"] else PAYMENT_METHODS.get(method, method)
        facts.append(["Règlement", label])
    return facts


def _introduction(data: dict[str, Any]) -> list[str]:
    sentences = []
    if is_draft(data):
        sentences.append("Brouillon : document provisoire, sans numéro et sans valeur comptable.")
    if data["kind"] == "credit_note" and data["origin"]:
        sentences.append(f"Avoir sur la facture {data['origin']}.")
    elif data["kind"] == "adj":
        sentences.append(f"Ajustement des prestations {of_month(data['period'])}.")
    if data["replaces"]:
        sentences.append(f"Cette facture annule et remplace la facture {data['replaces']}.")
    return sentences


def _line(line: dict[str, Any]) -> dict[str, Any]:
    hourly = line["unit"] == "hour"
    return {
        "date": day(line["date"]),
        "label": line["label"],
        "notes": _line_notes(line),
        "worker": line["worker_id"] or "",
        "quantity": duration(line["minutes"]) if hourly else quantity(line["quantity"]),
        "rate": euros(line["rate"]) + ("/h" if hourly else ""),
        "amount": euros(line["amount"]),
    }


def _line_notes(line: dict[str, Any]) -> list[str]:
    notes = []
    if line["day_type"] in DAY_TYPES:
        notes.append(DAY_TYPES[line["day_type"]])
    if line["source"] == "reversal":
        number = line["reversed_number"]
        of_invoice = f" de la facture {number}" if number else ""
        notes.append(f"Annulation de la ligne {line['reversed_line_no']}{of_invoice}")
    elif line["is_adjustment"]:
        notes.append("Ajustement")
    if line["covered"]:
        notes.append(_coverage_note(line))
    return notes


def _coverage_note(line: dict[str, Any]) -> str:
    by = f" par {line['payer_name']}" if line["payer_name"] else ""
    plan = f", plan {line['care_plan_id']}" if line["care_plan_id"] else ""
    if line["informative_payer_share"]:
        return f"Remboursable{by}{plan}{NARROW}: {euros(line['informative_payer_share'])} (pour information)"
    return f"Pris en charge{by}{plan}{NARROW}: {euros(line['payer_share'])}"


def _payer_rows(payer: dict[str, Any]) -> list[list[str]]:
    rows = []
    if payer["share"]:
        rows.append([payer["name"], euros(payer["share"])])
    if payer["informative_share"]:
        rows.append([f"{payer['name']} (versé à vous, pour information)", euros(payer["informative_share"])])
    return rows


def _totals(data: dict[str, Any]) -> list[list[str]]:
    totals = [
        ["Total HT", euros(data["total_excl_vat"])],
        ["TVA", euros(data["total_vat"])],
        ["Total TTC", euros(data["total_incl_vat"])],
    ]
    if data["payer_total"]:
        totals.append(["Part des tiers-payeurs", euros(data["payer_total"])])
        totals.append(["Part à votre charge", euros(data["client_total"])])
    return totals


def _net(data: dict[str, Any]) -> dict[str, Any]:
    amount = euros(data["client_total"])
    if is_credit(data):
        return {"label": "Net de l'avoir", "amount": amount, "notes": ["Ce montant est en votre faveur."]}
    if data["home_plus"]:
        note = "Réglé par Home+ : aucun règlement à adresser à l'agence."
        return {"label": "Net à payer", "amount": amount, "notes": [note]}
    notes = []
    if not data["client_total"]:
        notes.append("Vous n'avez rien à régler.")
    elif data["due_on"]:
        notes.append(f"À régler au plus tard le {day(data['due_on'])}.")
    return {"label": "Net à payer", "amount": amount, "notes": notes}


def _mentions(data: dict[str, Any], mentions: Mentions) -> list[str]:
    shown = []
    if mentions.vat_exemption and data["vat_number"] and not data["total_vat"]:
        shown.append(mentions.vat_exemption)
    if not is_credit(data) and mentions.late_payment_terms:
        shown.append(mentions.late_payment_terms)
    if data["nova_number"] and not is_credit(data):
        shown.append(TAX_CREDIT)
    return shown


def _footer(data: dict[str, Any]) -> str:
    siren = _siren(data)
    parts = [data["agency_name"], f"SIREN {siren}" if siren else "", data["nova_number"]]
    return " · ".join(part for part in parts if part)
