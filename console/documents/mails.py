"""The words of a mail: templates of templates/mail, in a sandbox, filled with texts only (spec 00, "mail").

A template is three files: `<name>.subject.j2`, `<name>.txt.j2`, `<name>.html.j2`. A variable that does not
exist is an error, never an empty place in a letter; HTML is escaped.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from console.documents.invoice_view import is_credit, kind_label
from console.documents.store import DocumentError
from console.exports.formats import day, euros, month, of_month
from console.gateways.mail import Attachment, OutgoingMail
from console.paths import TEMPLATES
from console.settings import Settings

PLAIN, HOME_PLUS = "facture", "facture_home_plus"
MAIL_TEMPLATES = {PLAIN: "Facture", HOME_PLUS: "Email Facture Home+"}  # name of the files → what users read


def default_template(is_home_plus_client: bool) -> str:
    """Home+ clients get "Email Facture Home+" unless another template is chosen (spec 20)."""
    return HOME_PLUS if is_home_plus_client else PLAIN


def invoice_mail(
    settings: Settings, data: dict[str, Any], pdf: bytes, *, to: str, template: str, message_id: str
) -> OutgoingMail:
    """The mail of one invoice with its PDF. `data` as given by invoice_data; `template`: a name or a label
    of MAIL_TEMPLATES, empty for the default. Raises DocumentError for an unknown or broken template."""
    wanted = template or default_template(bool(data["is_home_plus_client"]))
    name = next((one for one, label in MAIL_TEMPLATES.items() if wanted in (one, label)), None)
    if name is None:
        raise DocumentError(f"Modèle de message inconnu : « {wanted} ».")
    values = _values(data)
    try:
        values["subject"] = _render(f"{name}.subject.j2", values).strip()
        text = _render(f"{name}.txt.j2", values)
        html = _render(f"{name}.html.j2", values)
    except TemplateError as error:
        raise DocumentError(
            f"Le modèle de message « {MAIL_TEMPLATES[name]} » est incorrect : {error}"
        ) from error
    attachment = Attachment(f"{_file_name(data['invoice_number'])}.pdf", pdf)
    return OutgoingMail(
        to=to, subject=values["subject"], text=text, html=html, attachments=(attachment,),
        message_id=message_id, sender_name=data["agency_name"] or "",
    )  # fmt: skip


def message_id(settings: Settings, invoice_id: str, sending: str) -> str:
    """The same for the same invoice and sending (the job of that sending), so a repeat is recognisable."""
    domain = settings.mail_from.rpartition("@")[2] or "guichet.invalid"
    kept = "".join(c for c in f"{invoice_id}.{sending}" if c.isascii() and (c.isalnum() or c in "._-"))
    return f"facture.{kept}@{domain}"


def _values(data: dict[str, Any]) -> dict[str, Any]:
    credit = is_credit(data)
    label = kind_label(data)
    name = [data["civility"], data["first_name"], data["last_name"]]
    address = [data["agency_address"], data["agency_postal_code"], data["agency_city"]]
    return {
        "document": label,
        "the_document": "l'avoir" if credit else f"la {label[0].lower()}{label[1:]}",
        "number": data["invoice_number"],
        "issued_on": day(data["issued_on"]),
        "due_on": day(data["due_on"]),
        "period": month(data["period"]),
        "of_period": of_month(data["period"]),
        "amount": euros(data["client_total"]),
        "is_credit": credit,
        "nothing_due": not data["client_total"],
        "home_plus": data["home_plus"],
        "client_name": " ".join(part for part in name if part) or data["client_name"],
        "agency_name": data["agency_name"],
        "agency_address": " ".join(part for part in address if part),
    }


def _file_name(number: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in number)


@cache
def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES / "mail"),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),
    )


def _render(name: str, values: dict[str, Any]) -> str:
    return _environment().get_template(name).render(values)
