"""A form from an action's own parameters (its JSON Schema): one declaration serves the console and the
scripts.

`fields` is pure; `ask` draws them. An empty field means "not given", a zero is a zero: the two are never
mixed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import streamlit as st

from console.actions.registry import Action

Kind = Literal["text", "long", "choice", "bool", "tristate", "date", "month", "decimal", "int", "list"]
NOT_GIVEN = "(non précisé)"
# Streamlit's own limits are ten years around today: too narrow for a birth date.
EARLIEST, LATEST = date(1900, 1, 1), date(2100, 12, 31)
NUMBER = re.compile(r"^-?\d+([.,]\d+)?$")
WORDS = {
    "all": "Tous",
    "mail": "E-mail",
    "courrier": "Courrier",
    "virement": "Virement",
    "prelevement": "Prélèvement",
    "cheque": "Chèque",
    "cesu": "CESU",
    "carte": "Carte",
    "especes": "Espèces",
    "client": "Client",
    "payer": "Tiers-payeur",
    "organisme": "Organisme",
    "home_plus": "Home+",
    "emetteur_ts": "Émetteur de titres",
    "auto": "Automatique",
    "facture": "Facture",
    "facture_home_plus": "Facture Home+",
    "EN_COURS": "En cours",
    "BLOQUE": "Bloqué",
    "MANDAT_ECHU": "Mandat échu",
    "payment": "Règlement",
    "credit_note": "Avoir",
}
TITLES = {
    "period": "Période",
    "delivery": "Mode d'envoi",
    "template": "Modèle de courriel",
    "reason": "Motif",
    "reinvoice": "Refacturer",
    "lines": "Lignes (toutes si vide)",
    "amount": "Montant",
    "received_on": "Date de réception",
    "method": "Mode de règlement",
    "reference": "Référence",
    "label": "Libellé",
    "emitter": "Émetteur",
    "client_id": "Client",
    "client_ids": "Clients",
    "invoice_number": "Facture",
    "invoice_numbers": "Factures",
    "invoice_ids": "Factures",
    "draft_ids": "Brouillons",
    "intervention_ids": "Interventions",
    "state": "État",
    "payment_id": "Règlement",
    "payer_id": "Tiers-payeur",
    "part": "Part",
    "source": "Origine",
    "source_id": "Référence de l'origine",
    "field": "Donnée",
    "value": "Valeur",
    "date": "Date",
}


@dataclass(frozen=True)
class Field:
    name: str
    title: str
    kind: Kind
    required: bool
    default: Any = None
    options: tuple[Any, ...] = ()
    help: str | None = None
    labels: Mapping[str, str] | None = None


class FormError(Exception):
    """What was typed cannot be read; one French sentence."""


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema without `$ref` and without its null branch; and whether null was allowed."""
    merged = dict(schema)
    if "$ref" in merged:
        merged = {**root["$defs"][merged.pop("$ref").rsplit("/", 1)[-1]], **merged}
    branches = [branch for branch in merged.get("anyOf", []) if branch.get("type") != "null"]
    nullable = len(branches) < len(merged.get("anyOf", []))
    if branches:
        merged.pop("anyOf")
        strings = [branch for branch in branches if branch.get("type") == "string"]
        numbers = [branch for branch in branches if branch.get("type") == "number"]
        inner, _ = _resolved((strings or branches)[0], root)
        if numbers and strings:  # how pydantic writes a Decimal
            inner = {"type": "decimal"}
        merged = {**inner, **merged}
    return merged, nullable


def _kind(schema: Mapping[str, Any], name: str, nullable: bool) -> Kind:
    type_ = schema.get("type")
    if "enum" in schema or "const" in schema:
        return "choice"
    if type_ == "boolean":
        return "tristate" if nullable else "bool"
    if type_ == "integer":
        return "int"
    if type_ in ("decimal", "number") or r"\.\d{" in str(schema.get("pattern", "")):
        return "decimal"
    if type_ == "array":
        return "list"
    pattern = str(schema.get("pattern", ""))
    if schema.get("format") == "date" or (pattern and re.match(pattern, "2026-10-31")):
        return "date"
    if pattern and re.match(pattern, "2026-10"):
        return "month"
    return "long" if name in ("reason", "comment", "message") else "text"


def fields(action: Action, hidden: Iterable[str] = ()) -> list[Field]:
    """The parameters to ask for: all but `simulate` and those the selection or the screen has filled."""
    root = action.params.model_json_schema()
    skipped, found = {"simulate", *hidden}, []
    for name, given in root.get("properties", {}).items():
        if name in skipped:
            continue
        schema, nullable = _resolved(given, root)
        if schema.get("type") == "array" and "$ref" in schema.get("items", {}):
            continue  # a list of objects is for scripts
        options = tuple(schema.get("enum") or ((schema["const"],) if "const" in schema else ()))
        automatic = name.replace("_", " ").title()
        title = (
            given.get("title") if given.get("title") not in (None, automatic) else TITLES.get(name, automatic)
        )
        found.append(
            Field(
                name,
                str(title),
                _kind(schema, name, nullable),
                name in root.get("required", ()),
                given.get("default"),
                options,
                given.get("description"),
            )
        )
    return found


def read(field: Field, value: Any) -> Any:
    """What the widget holds as the action takes it; None when it was left empty. Raises FormError."""
    if field.kind == "bool":
        return bool(value)
    if value is None or value == "" or value == NOT_GIVEN:
        return None
    if field.kind == "tristate":
        return value == "Oui"
    if field.kind == "date":
        return value.isoformat() if isinstance(value, date) else str(value)
    if field.kind in ("decimal", "int"):
        text = re.sub(r"[\s\u202f\u00a0€]", "", str(value))
        if not NUMBER.match(text):
            raise FormError(f"« {field.title} » : écrivez un nombre, par exemple 1234,56.")
        if field.kind == "int":
            if "," in text or "." in text:
                raise FormError(f"« {field.title} » : écrivez un nombre entier.")
            return int(text)
        whole, _, cents = text.replace(",", ".").partition(".")
        return f"{whole}.{cents.ljust(2, '0')}"
    if field.kind == "list":
        return [part.strip() for part in re.split(r"[,;\n]", str(value)) if part.strip()]
    return value


def parameters(asked: Iterable[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters given: fields left empty are left out. Raises FormError for a missing required one."""
    given: dict[str, Any] = {}
    for field in asked:
        value = read(field, values.get(field.name))
        if value is None and field.required:
            raise FormError(f"« {field.title} » est à remplir.")
        if value is not None:
            given[field.name] = value
    return given


def _word(value: Any, labels: Mapping[str, str] | None = None) -> str:
    return (labels or WORDS).get(str(value), str(value))


def ask(field: Field, key: str, months: list[str], month_label: Any) -> None:
    """Draws one field; its value is then in `st.session_state[key]`."""
    title = field.title if field.required or field.kind == "bool" else f"{field.title} (facultatif)"
    common: dict[str, Any] = {"key": key, "help": field.help}
    if field.kind == "bool":
        st.checkbox(title, value=bool(field.default), **common)
    elif field.kind == "tristate":
        st.selectbox(title, [NOT_GIVEN, "Oui", "Non"], **common)
    elif field.kind == "choice":
        options = (
            list(field.options)
            if field.required or field.default is not None
            else [NOT_GIVEN, *field.options]
        )
        index = options.index(field.default) if field.default in options else 0
        st.selectbox(
            title, options, index=index, format_func=lambda value: _word(value, field.labels), **common
        )
    elif field.kind == "month":
        st.selectbox(
            title, months if field.required else [NOT_GIVEN, *months], format_func=month_label, **common
        )
    elif field.kind == "date":
        st.date_input(
            title, value="today" if field.required else None, format="DD/MM/YYYY", min_value=EARLIEST,
            max_value=LATEST, **common,
        )  # fmt: skip
    elif field.kind == "long":
        st.text_area(title, value=field.default or "", height=80, **common)
    elif field.kind == "list":
        st.text_area(title, height=80, placeholder="un par ligne", **common)
    else:
        st.text_input(title, value="" if field.default is None else str(field.default), **common)
