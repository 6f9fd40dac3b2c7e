"""What a client reads: the right amount, "nothing to pay" only when so, no value that becomes markup."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError

from console.documents import mails
from console.documents.invoices import invoice_data
from console.documents.store import DocumentError
from console.gateways.mail import OutgoingMail
from console.settings import load_settings
from tests.documents.marts import Marts


def write(template: str, name: str = "Lefèvre", amount: str = "60.00", **values: Any) -> OutgoingMail:
    marts, total = Marts(), Decimal(amount)
    marts.connection.execute("update marts.clients set last_name = ?", [name])
    marts.line(amount=total, client_share=total, excl_vat=total, vat=Decimal("0.00"))
    marts.invoice(**values)
    data = next(invoice_data(marts, ["I1"]))
    return mails.invoice_mail(
        load_settings(home=Path("unused")), data, b"%PDF-1.7", to="a@exemple.fr", template=template,
        message_id="x@exemple.fr",
    )  # fmt: skip


def plain(text: str) -> str:
    return " ".join(text.split())


def test_plain_invoice() -> None:
    mail = write("facture")
    assert mail.subject == "Facture F2026-000001 – octobre 2026 – Domicile & Compagnie"
    assert "Bonjour Mme Jeanne Lefèvre,\n\nVous trouverez ci-joint la facture F2026-000001" in mail.text
    assert "prestations d'octobre 2026" in mail.text
    assert "Net à payer : 60,00 €, au plus tard le 03/12/2026" in plain(mail.text)
    assert "\n\nPour toute question" in mail.text and "\n\n\n" not in mail.text
    assert [part.name for part in mail.attachments] == ["F2026-000001.pdf"]
    assert "Home+" not in mail.text + mail.html


def test_home_plus_template_says_nothing_to_pay_only_when_home_plus_pays() -> None:
    paid = write("Email Facture Home+", is_home_plus_client=True, payment_method="virement")
    for text in (paid.text, paid.html):
        assert "vous n'avez rien à payer à l'agence" in plain(text).replace("&#39;", "'")
        assert "Net à payer" not in text
    not_paid = write("Email Facture Home+", is_home_plus_client=True, payment_method="cheque")
    for text in (not_paid.text, not_paid.html):
        assert "pas réglée par Home+" in text and "Net à payer" in text and "rien à payer" not in text


@pytest.mark.parametrize("template", ["facture", "facture_home_plus"])
def test_credit_notes_and_nothing_due(template: str) -> None:
    credit = write(
        template, amount="-60.00", number="A2026-000001", kind="credit_note", origin="F2026-000009"
    )
    assert credit.subject.startswith("Avoir A2026-000001")
    assert "l'avoir A2026-000001" in credit.text and "Montant de l'avoir : -60,00 €" in plain(credit.text)
    free = write(template, amount="0.00")
    assert "Vous n'avez rien à régler." in free.text and "au plus tard" not in free.text


def test_default_template_follows_the_client() -> None:
    assert mails.default_template(True) == "facture_home_plus"
    assert "Home+" in write("", is_home_plus_client=True, payment_method="virement").text
    assert "Home+" not in write("").text


def test_values_are_escaped_in_html_and_never_templates() -> None:
    mail = write("facture", name="<b>{{ 7*7 }}</b>")
    assert "&lt;b&gt;{{ 7*7 }}&lt;/b&gt;" in mail.html
    assert "<b>{{ 7*7 }}</b>" in mail.text
    assert "&" not in write("facture", name="O'Neil").text.replace("Domicile & Compagnie", "")


def test_unknown_template_and_unknown_variable() -> None:
    with pytest.raises(DocumentError, match="inconnu"):
        write("../secret")
    with pytest.raises(UndefinedError):
        mails._environment().from_string("{{ absent }}").render()


def test_message_id_is_stable_for_a_sending_and_safe() -> None:
    settings = load_settings(home=Path("unused"))
    first = mails.message_id(settings, "I12", "job\r\n<34>")
    assert first == mails.message_id(settings, "I12", "job\r\n<34>") == "facture.I12.job34@guichet.example"
    assert first != mails.message_id(settings, "I12", "job35")
