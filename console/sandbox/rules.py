"""What the payer refuses in a payment request, by rule. Spec 30, "Sandbox"; codes of `home_plus_errors`.

Every rule is checked: a request comes back with all its errors, the first being the most telling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from console.sandbox.clients import PayerClient, refusal_at_once

Error = dict[str, str]
REQUIRED = (
    "idTiersFacturation", "numFactureTiers", "dateFacture", "dateDebutEmploi", "dateFinEmploi",
    "mntFactureTTC", "mntFactureHT", "dateNaissanceClient", "idClient", "inputPrestations",
)  # fmt: skip
REQUIRED_LINE = (
    "codeNature", "unite", "mntUnitaireTTC", "mntPrestationTTC", "mntPrestationHT", "mntPrestationTVA",
    "quantite",
)  # fmt: skip
AMOUNTS = ("mntUnitaireTTC", "mntPrestationTTC", "mntPrestationHT", "mntPrestationTVA")
MAX_LINES = 1000
NATURE = re.compile(r"\d{2,3}|[A-Z]{3}")
EXCLUDED_NATURE = "270"
ACTIVITY = re.compile(r"[0-9A-Z]{1,3}")
WORKER = re.compile(r"SAP\d{9}|SIR\d{14}")
CENT = Decimal("0.01")
ACCOUNT_ERRORS = {
    "BLOQUE": ("ERR_CMPT_BLOQUE", "Le compte du particulier est bloqué."),
    "MANDAT_ECHU": ("ERR_MANDAT_ECHU", "Le mandat de prélèvement n'est plus valable."),
    "EN_COURS": ("ERR_LIEN_PARTICULIER_PRESTATAIRE", "Le compte du particulier n'est pas encore activé."),
}


def error(code: str, description: str) -> Error:
    return {"code": code, "message": "Demande rejetée", "description": description}


def check(request: dict[str, Any], client: PayerClient | None, listed: bool, today: date) -> list[Error]:
    """All that is wrong with one request. `client`: as the payer knows it; `listed`: whether it has a list of
    clients at all (without one, everybody is known)."""
    missing = [name for name in REQUIRED if request.get(name) in (None, "", [])]
    if missing:
        return [error("ERREUR_VALIDATION", f"Le champ {name} est obligatoire.") for name in missing]
    lines = request["inputPrestations"]
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        return [error("ERREUR_VALIDATION", "Le champ inputPrestations est mal formé.")]
    found = [*_formats(request, lines)]
    if found:
        return found
    return [*_client(request, client, listed), *_dates(request, lines, client, today), *_lines(lines),
            *_totals(request, lines)]  # fmt: skip


def _formats(request: dict[str, Any], lines: list[dict[str, Any]]) -> Iterator[Error]:
    for line in lines:
        for name in REQUIRED_LINE:
            if line.get(name) in (None, ""):
                yield error("ERREUR_VALIDATION", f"Le champ {name} d'une prestation est obligatoire.")
    amounts = [(request, "mntFactureTTC"), (request, "mntFactureHT")]
    amounts += [(line, name) for line in lines for name in AMOUNTS if line.get(name) not in (None, "")]
    if request.get("mntAcompte") is not None:
        amounts.append((request, "mntAcompte"))
    for holder, name in amounts:
        value = holder[name]
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or value % CENT:
            yield error("ERR_FORMAT_VALEUR", f"{name} n'est pas un montant à deux décimales.")
    quantities = [line["quantite"] for line in lines if line.get("quantite") not in (None, "")]
    if any(isinstance(value, bool) or not isinstance(value, (int, Decimal)) for value in quantities):
        yield error("ERR_FORMAT_VALEUR", "quantite n'est pas un nombre.")
    days = [
        request.get(name)
        for name in ("dateFacture", "dateDebutEmploi", "dateFinEmploi", "dateNaissanceClient")
    ]
    days += [line[name] for line in lines for name in ("dateDebutEmploi", "dateFinEmploi") if line.get(name)]
    if any(_day(value) is None for value in days):
        yield error("ERR_FORMAT_VALEUR", "Une date est mal formée.")


def _client(request: dict[str, Any], client: PayerClient | None, listed: bool) -> Iterator[Error]:
    if client is None:
        if listed:
            yield error("ERR_PARTICULIER_INCONNU", "Aucun particulier ne porte cet identifiant.")
        return
    if client.born_on and client.born_on != str(_day(request["dateNaissanceClient"])):
        yield error("ERR_PARTICULIER_INCONNU", "La date de naissance ne correspond pas à ce particulier.")
    if client.status in ACCOUNT_ERRORS:
        yield error(*ACCOUNT_ERRORS[client.status])
    code = refusal_at_once(client.behaviour)
    if code:
        yield error(code, "Demande rejetée pour ce particulier.")


def _dates(
    request: dict[str, Any], lines: list[dict[str, Any]], client: PayerClient | None, today: date
) -> Iterator[Error]:
    spans = [(_day(request["dateDebutEmploi"]), _day(request["dateFinEmploi"]))]
    for line in lines:
        spans.append(
            (_day(line.get("dateDebutEmploi")) or spans[0][0], _day(line.get("dateFinEmploi")) or spans[0][1])
        )
    known = [(first, last) for first, last in spans if first and last]
    days = [day for span in known for day in span]
    invoiced = _day(request["dateFacture"])
    if any(day > today for day in [*days, *([invoiced] if invoiced else [])]):
        yield error("ERR_DATE_FUTUR", "Une date est dans le futur.")
    if any(last < first for first, last in known):
        yield error("ERR_DATE_FIN_AVANT_DATE_DEB", "Une date de fin précède sa date de début.")
    if len({(day.year, day.month) for day in days}) > 1:
        yield error("ERR_PERIODE_EMPLOI_MOIS_NON_UNIQUE", "Les prestations couvrent plusieurs mois.")
    activated = _day(client.activated_on) if client else None
    if activated and any(day < activated for day in days):
        yield error("ERR_LIEN_PARTICULIER_PRESTATAIRE", "Une prestation précède l'activation du compte.")


def _lines(lines: list[dict[str, Any]]) -> Iterator[Error]:
    if len(lines) > MAX_LINES:
        yield error("ERR_NBRE_PREST_MAX", f"Plus de {MAX_LINES} prestations.")
    for line in lines:
        nature, activity = str(line["codeNature"]), line.get("codeActivite")
        if not NATURE.fullmatch(nature) or nature == EXCLUDED_NATURE:
            yield error("ERR_CODE_NATURE", f"Code nature inconnu : {nature}.")
        if activity not in (None, "") and not ACTIVITY.fullmatch(str(activity)):
            yield error("ERR_CODE_ACTIVITE", f"Code activité inconnu : {activity}.")
        if line["unite"] not in ("HEURE", "FORFAIT"):
            yield error("ERR_FORMAT_VALEUR", "L'unité est HEURE ou FORFAIT.")
        if any(line[name] < 0 for name in (*AMOUNTS, "quantite")):
            yield error("ERR_VALEUR_NEGATIVE", "Une prestation porte une valeur négative.")
        if line["quantite"] * line["mntUnitaireTTC"] != line["mntPrestationTTC"]:
            yield error("ERR_MNT_PREST_TTC", "Quantité × prix unitaire ne donne pas le montant TTC.")
        if line["mntPrestationHT"] + line["mntPrestationTVA"] != line["mntPrestationTTC"]:
            yield error("ERR_MNT_PREST_HT_TVA", "HT + TVA ne donne pas le montant TTC.")
        complement = line.get("complement2")
        if complement in (None, ""):
            yield error("ERR_NUMINTERVENANT_MANQUANT", "Le numéro SAP ou le SIRET est absent.")
        elif not WORKER.fullmatch(str(complement)):
            yield error("ERR_FORMAT_NUMINTERVENANT", "Le numéro SAP ou le SIRET est mal formé.")


def _totals(request: dict[str, Any], lines: list[dict[str, Any]]) -> Iterator[Error]:
    sums = [
        ("mntFactureTTC", sum(line["mntPrestationTTC"] for line in lines)),
        ("mntFactureHT", sum(line["mntPrestationHT"] for line in lines)),
    ]
    for name, total in sums:
        if request[name] < 0:
            yield error("ERR_VALEUR_NEGATIVE", f"{name} est négatif.")
        if request[name] != total:
            yield error("ERR_TOTAL_PRESTATIONS", f"{name} n'est pas la somme des prestations.")
    deposit = request.get("mntAcompte")
    if deposit is not None and not 0 <= deposit <= request["mntFactureTTC"]:
        yield error("ERR_MONTANT_ACOMPTE", "L'acompte dépasse le montant de la facture.")


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
