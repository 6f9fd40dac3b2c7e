"""An invoice on paper: what it says, always the same bytes, no value ever read as markup (spec 20, 30)."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import pypdf
import pytest

from console.documents.invoice_view import Mentions, view
from console.documents.invoices import (
    PRINT_SLICE,
    invoice_data,
    print_batch,
    render_invoice,
    render_many,
)
from console.documents.store import DocumentError
from tests.documents.marts import Marts

D = Decimal
TERMS = Mentions("Pas d'escompte.", "TVA non applicable, art. 293 B du CGI")


@pytest.fixture
def marts() -> Marts:
    return Marts()


def one(marts: Marts, invoice_id: str = "I1") -> dict[str, Any]:
    return next(invoice_data(marts, [invoice_id]))


def pages(pdf: bytes) -> list[str]:
    """The text of each page, every kind of space made plain."""
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def covered(marts: Marts, **values: Any) -> None:
    marts.line(
        line_no=2, covered=True, care_plan_id="PA-12", payer_id="P1", payer_share=D("48.00"),
        client_share=D("12.00"), day_type="sunday_holiday", **values,
    )  # fmt: skip


def test_an_invoice_says_what_the_law_asks(marts: Marts) -> None:
    marts.line()
    covered(marts)
    marts.line(
        line_no=3, source="item", label="Frais de déplacement", worker_id=None, minutes=0, unit="piece",
        quantity=D("1.00"), rate=D("1234.56"), amount=D("1234.56"), excl_vat=D("1028.80"), vat=D("205.76"),
        vat_rate=D("0.2000"), client_share=D("1234.56"),
    )  # fmt: skip
    marts.invoice()
    [text] = pages(render_invoice(one(marts), TERMS))
    for said in (
        "Facture F2026-000001", "Domicile & Compagnie", "SIREN 832 934 567", "SIRET 832 934 567 00018",
        "TVA intracommunautaire : FR12832934567", "SAP832934567", "Mme Jeanne Lefèvre", "4 allée des Érables",
        "Bât. B", "69100 VILLEURBANNE", "Date d'émission", "03/11/2026", "octobre 2026", "03/12/2026",
        "Chèque", "05/10/2026", "Aide à domicile", "INT-014", "2 h 30", "24,00 €/h", "60,00 €",
        "Dimanche ou jour férié", "Frais de déplacement",
        "Pris en charge par Département du Rhône, plan PA-12 : 48,00 €", "1 234,56 €",
        "5,5 % 113,74 € 6,26 € 120,00 €", "20 % 1 028,80 € 205,76 € 1 234,56 €",
        "Total HT 1 142,54 €", "Total TTC 1 354,56 €", "Département du Rhône 48,00 €",
        "Net à payer 1 306,56 €", "Pas d'escompte.", "199 sexdecies", "page 1/1",
    ):  # fmt: skip
        assert said in text, said
    assert "Home+" not in text and "Brouillon" not in text


def test_the_file_is_archival_has_its_fonts_and_the_date_of_the_invoice(marts: Marts) -> None:
    marts.line()
    marts.invoice()
    pdf = render_invoice(one(marts), TERMS)
    assert b"<pdfaid:part>3</pdfaid:part>" in pdf and b"<pdfaid:conformance>B</pdfaid:conformance>" in pdf
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert reader.metadata is not None
    assert reader.metadata.title == "Facture F2026-000001"
    assert reader.metadata["/CreationDate"] == "D:20261103000000Z"
    fonts: Any = reader.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    for font in fonts.values():
        [descendant] = font.get_object()["/DescendantFonts"]
        descriptor = descendant.get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor)


def test_the_same_invoice_gives_the_same_bytes(marts: Marts) -> None:
    marts.line()
    marts.invoice()
    first = render_invoice(one(marts), TERMS)
    assert render_invoice(one(marts), TERMS) == first
    assert dict(render_many([one(marts)] * 3, TERMS)) == {"I1": first}


@pytest.mark.parametrize(
    "name",
    ["#import \"x\": *", "*gras* _italique_", "$x^2$ @ref <label> \\ // /* */", "= titre", "`code` ~ -- ---",
     "#{panic()}", "[a] {b} \"c\" 'd'"],
)  # fmt: skip
def test_a_value_is_never_markup(marts: Marts, name: str) -> None:
    marts.line(label=name)
    marts.connection.execute("update marts.clients set last_name = ?", [name])
    marts.invoice()
    [text] = pages(render_invoice(one(marts), TERMS))
    assert text.count(name) == 2


def test_a_character_without_a_glyph_does_not_keep_the_invoice_back(marts: Marts) -> None:
    marts.line(label="日本 Łódź 😀 fin")
    marts.invoice()
    [text] = pages(render_invoice(one(marts), TERMS))
    assert "□□ Łódź □ fin" in text


def test_home_plus_notice_only_when_nothing_keeps_it_from_home_plus(marts: Marts) -> None:
    marts.line()
    marts.invoice(is_home_plus_client=True, payment_method="virement")
    marts.insert("invoice_controls", invoice_id="I1", code="HP_STATUT", severity="home_plus")
    [text] = pages(render_invoice(one(marts), TERMS))
    assert "vous n'avez rien à payer à l'agence" in text and "Urssaf" in text and "48 heures" in text
    marts.insert("invoice_controls", invoice_id="I1", code="HP_REMISE", severity="home_plus")
    [text] = pages(render_invoice(one(marts), TERMS))
    assert "Home+" not in text and "À régler au plus tard le 03/12/2026" in text


def test_home_plus_client_who_pays_by_cheque_gets_no_notice(marts: Marts) -> None:
    marts.line()
    marts.invoice(is_home_plus_client=True, payment_method="cheque")
    assert one(marts)["home_plus"] is False


def test_a_credit_note_is_negative_and_names_what_it_credits(marts: Marts) -> None:
    marts.line()
    marts.invoice()
    marts.line(
        "I2", source="reversal", reversed_invoice_id="I1", reversed_line_no=1, minutes=-150,
        quantity=D("-2.50"), amount=D("-60.00"), excl_vat=D("-56.87"), vat=D("-3.13"),
        client_share=D("-60.00"),
    )  # fmt: skip
    marts.invoice("I2", "A2026-000001", kind="credit_note", origin="F2026-000001")
    [text] = pages(render_invoice(one(marts, "I2"), TERMS))
    for said in (
        "Avoir A2026-000001", "Avoir sur la facture F2026-000001", "-2 h 30", "-60,00 €",
        "Annulation de la ligne 1 de la facture F2026-000001", "Net de l'avoir -60,00 €",
    ):  # fmt: skip
        assert said in text, said
    assert "Échéance" not in text and "Pas d'escompte." not in text


def test_adjustments_replacements_and_information_shares_say_so(marts: Marts) -> None:
    marts.line(is_adjustment=True)
    marts.line(
        line_no=2, covered=True, payer_id="P1", care_plan_id="PA-1", informative_payer_share=D("48.00")
    )
    marts.invoice(kind="adj", replaces="F2026-000000")
    [text] = pages(render_invoice(one(marts), TERMS))
    for said in (
        "Facture d'ajustement", "Ajustement des prestations d'octobre 2026",
        "annule et remplace la facture F2026-000000",
        "Remboursable par Département du Rhône, plan PA-1 : 48,00 € (pour information)",
        "Net à payer 120,00 €",
    ):  # fmt: skip
        assert said in text, said


def test_a_negative_adjustment_is_called_avoir(marts: Marts) -> None:
    marts.line(amount=D("-60.00"), excl_vat=D("-56.87"), vat=D("-3.13"), client_share=D("-60.00"))
    marts.invoice(kind="adj", number="A2026-000002")
    assert view(one(marts), TERMS)["title"] == "Avoir"


def test_a_draft_says_brouillon_and_has_no_number(marts: Marts) -> None:
    marts.line()
    marts.invoice(number=None)
    [text] = pages(render_invoice(one(marts), TERMS))
    assert "Facture – brouillon" in text and "sans valeur comptable" in text
    assert "F2026" not in text and "Date d'émission" not in text


def test_exempt_agency_prints_its_mention(marts: Marts) -> None:
    marts.connection.execute("update marts.agencies set vat_number = null")
    marts.line(excl_vat=D("60.00"), vat=D("0.00"), vat_rate=D("0.0000"))
    marts.invoice()
    [text] = pages(render_invoice(one(marts), TERMS))
    assert "TVA non applicable, art. 293 B du CGI" in text and "0 % 60,00 € 0,00 € 60,00 €" in text


def test_nothing_to_pay_when_the_payer_pays_all(marts: Marts) -> None:
    marts.line(covered=True, payer_id="P1", payer_share=D("60.00"), client_share=D("0.00"))
    marts.invoice()
    [text] = pages(render_invoice(one(marts), TERMS))
    assert "Net à payer 0,00 € Vous n'avez rien à régler." in text


def test_a_document_that_disagrees_by_a_cent_is_refused(marts: Marts) -> None:
    marts.line()
    marts.invoice(total_incl_vat=D("60.01"))
    with pytest.raises(DocumentError, match="ne correspond pas"):
        render_invoice(one(marts), TERMS)


def test_an_invoice_without_a_seller_is_refused(marts: Marts) -> None:
    marts.connection.execute("delete from marts.agencies")
    marts.line()
    marts.invoice()
    with pytest.raises(DocumentError, match="agence"):
        render_invoice(one(marts), TERMS)


def test_the_client_s_own_agency_wins_over_the_default(marts: Marts) -> None:
    marts.insert("agencies", agency_id="AG0", name="Agence Nord", siret="12345678900011", is_default=False)
    marts.line()
    marts.invoice()
    assert one(marts)["agency_name"] == "Domicile & Compagnie"
    marts.connection.execute("update marts.clients set agency_id = 'AG0'")
    assert one(marts)["agency_name"] == "Agence Nord"


def test_long_invoices_count_their_pages_and_repeat_the_header(marts: Marts) -> None:
    for number in range(1, 71):
        marts.line(line_no=number)
    marts.invoice()
    texts = pages(render_invoice(one(marts), TERMS))
    assert len(texts) == 2
    assert "page 1/2" in texts[0] and "page 2/2" in texts[1]
    assert all("Intervenant" in text for text in texts)
    assert "Net à payer 4 200,00 €" in texts[1]


def test_data_comes_in_the_order_asked_by_id_or_number(marts: Marts) -> None:
    for number in (1, 2, 3):
        marts.line(f"I{number}")
        marts.invoice(f"I{number}", f"F2026-00000{number}")
    assert [data["invoice_id"] for data in invoice_data(marts, ["I3", "I9", "I1"])] == ["I3", "I1"]
    by_number = invoice_data(marts, numbers=["F2026-000002", "F2026-000001"])
    assert [data["invoice_id"] for data in by_number] == ["I2", "I1"]


def test_render_many_tells_what_it_leaves_out(marts: Marts) -> None:
    for number in range(1, 13):
        marts.line(f"I{number}")
        marts.invoice(f"I{number}", f"F2026-{number:06}", **({"total_vat": D("0.00")} if number == 5 else {}))
    jobs = list(invoice_data(marts, [f"I{number}" for number in range(1, 13)]))
    left_out: list[str] = []
    done = [
        name
        for name, _ in render_many(jobs, TERMS, on_error=lambda data, _: left_out.append(data["invoice_id"]))
    ]
    assert done == [f"I{number}" for number in range(1, 13) if number != 5]
    assert left_out == ["I5"]
    with pytest.raises(DocumentError):
        list(render_many(jobs, TERMS))


def test_a_print_batch_has_every_invoice_on_its_own_pages(marts: Marts) -> None:
    size = PRINT_SLICE + 2
    for number in range(1, size + 1):
        for line in range(1, 50 if number == 2 else 2):
            marts.line(f"I{number}", line)
        marts.invoice(f"I{number}", f"F2026-{number:06}", issued_on=date(2026, 11, 3))
    ids = [f"I{number}" for number in range(1, size + 1)]
    pdf = print_batch(invoice_data(marts, ids), TERMS)
    assert pdf == print_batch(invoice_data(marts, ids), TERMS)
    texts = pages(pdf)
    assert len(texts) == size + 1
    assert "F2026-000001 · page 1/1" in texts[0]
    assert "F2026-000002 · page 1/2" in texts[1] and "F2026-000002 · page 2/2" in texts[2]
    assert f"F2026-{size:06} · page 1/1" in texts[-1]
    with pytest.raises(DocumentError, match="vide"):
        print_batch([], TERMS)
