"""The shape of the exported files: French headers, CP1252 and decimal commas, a real workbook, JSON."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path

import xlsxwriter

# Contract column -> header of the export.
HEADERS = {
    "agency_id": "Code agence", "name": "Nom", "siret": "SIRET", "nova_number": "N° SAP",
    "vat_number": "N° TVA", "address": "Adresse", "postal_code": "Code postal", "city": "Ville",
    "country": "Pays", "holiday_region": "Région jours fériés", "client_id": "Code client",
    "civility": "Civilité", "last_name": "Nom", "first_name": "Prénom", "birth_name": "Nom de naissance",
    "birth_date": "Date de naissance", "birth_place_code": "Code commune de naissance", "email": "E-mail",
    "phone": "Téléphone", "payment_method": "Mode de règlement", "invoice_delivery": "Mode d'envoi",
    "home_plus_id": "Identifiant Home+", "home_plus_activated_on": "Date d'activation Home+",
    "home_plus_status": "Statut Home+", "iban": "IBAN", "bic": "BIC", "mandate_reference": "RUM",
    "mandate_signed_on": "Date de signature du mandat", "service_code": "Code prestation",
    "label": "Libellé", "kind": "Type", "unit": "Unité", "unit_price": "Prix unitaire",
    "vat_rate": "Taux de TVA", "home_plus_nature": "Code nature", "home_plus_activity": "Code activité",
    "revenue_account": "Compte de vente", "contract_id": "Code contrat",
    "saturday_price": "Prix samedi", "sunday_holiday_price": "Prix dimanche et férié",
    "valid_from": "Date de début", "valid_to": "Date de fin", "planning_id": "Code planning",
    "worker_id": "Intervenant", "starts_at": "Début", "ends_at": "Fin",
    "intervention_id": "Code intervention", "status": "Statut", "comment": "Commentaire",
    "item_id": "Code élément", "date": "Date", "quantity": "Quantité", "payer_id": "Code organisme",
    "base_rate": "Tarif de base", "saturday_rate": "Tarif samedi",
    "sunday_holiday_rate": "Tarif dimanche et férié", "coverage_rate": "Taux de prise en charge",
    "monthly_hours_cap": "Plafond mensuel", "surcharge": "Majoration",
    "sunday_holiday_coverage_rate": "Taux de prise en charge dimanche et férié",
    "sunday_holiday_hours_cap": "Plafond dimanche et férié", "billing_mode": "Mode de facturation",
    "care_plan_id": "Code plan d'aide", "rank": "Rang", "file_number": "N° de dossier",
    "payment_id": "Code règlement", "received_on": "Date de réception", "amount": "Montant",
    "emitter": "Émetteur", "method": "Mode", "reference": "Référence", "invoice_number": "N° de facture",
    "status_code": "Code statut", "status_at": "Date du statut", "request_id": "N° demande",
    "status_label": "Libellé statut", "error_code": "Code erreur", "message": "Message",
    "rejection_code": "Code rejet", "rejection_comment": "Commentaire rejet",
    "transfer_amount": "Montant virement", "transfer_date": "Date virement",
}  # fmt: skip

MONEY = ("unit_price", "price", "rate", "amount")
NUMBERS = ("vat_rate", "quantity", "monthly_hours_cap", "sunday_holiday_hours_cap")


def cell(column: str, value: object) -> str:
    """French text of one value: 27,40 · 02/11/2026 · 02/11/2026 08:30."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%d/%m/%Y %H:%M")
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    text = str(value)
    if column.endswith("_on") or column in ("birth_date", "valid_from", "valid_to", "date", "transfer_date"):
        return cell(column, date.fromisoformat(text))
    if column.endswith(MONEY) or column in NUMBERS:
        text = text.replace(".", ",")
    return text


def write_csv(path: Path, columns: list[str], rows: list[dict], encoding: str = "cp1252") -> None:
    """`;`, CP1252 and CRLF: what a planning tool on Windows exports."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow([HEADERS[c] for c in columns])
        writer.writerows([cell(c, row.get(c)) for c in columns] for row in rows)


def write_xlsx(path: Path, sheet: str, columns: list[str], rows: list[dict]) -> None:
    """One sheet with real numbers and real dates."""
    book = xlsxwriter.Workbook(path)
    book.set_properties({"created": datetime(2026, 10, 1)})
    page, day = book.add_worksheet(sheet), book.add_format({"num_format": "dd/mm/yyyy"})
    page.write_row(0, 0, [HEADERS[c] for c in columns])
    for line, row in enumerate(rows, start=1):
        for place, column in enumerate(columns):
            value = row.get(column)
            if value is None:
                continue
            if column.startswith("valid_"):
                page.write_datetime(line, place, datetime.fromisoformat(value), day)
            elif column.endswith("price"):
                page.write_number(line, place, float(value))
            else:
                page.write_string(line, place, value)
    book.close()
