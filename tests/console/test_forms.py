"""Forms come from the actions' own parameters: what is empty is not given, and a zero is a zero."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import Field

from console import actions  # noqa: F401
from console.actions.registry import ACTIONS, Action, Params, Result
from console.widgets import doing, forms


class Way(StrEnum):
    mail = "mail"
    courrier = "courrier"


class Sample(Params):
    invoice_ids: list[str] | None = Field(None, title="Factures")
    way: Way = Field(title="Mode")
    maybe_way: Literal["a", "b"] | None = None
    sure: bool = Field(False, title="Certain")
    perhaps: bool | None = None
    on: date
    from_day: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    period: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] | None = None
    amount: Decimal | None = Field(None, max_digits=12, decimal_places=2)
    count: int | None = None
    reason: str = ""


ACTION = Action("essai", "Essai", "analyste", Sample, lambda params, ctx: Result())


def _field(name: str) -> forms.Field:
    return next(field for field in forms.fields(ACTION) if field.name == name)


def test_every_kind_is_recognised_and_simulate_is_never_asked():
    kinds = {field.name: field.kind for field in forms.fields(ACTION)}
    assert kinds == {
        "invoice_ids": "list",
        "way": "choice",
        "maybe_way": "choice",
        "sure": "bool",
        "perhaps": "tristate",
        "on": "date",
        "from_day": "date",
        "period": "month",
        "amount": "decimal",
        "count": "int",
        "reason": "long",
    }


def test_what_the_selection_fills_is_not_asked():
    assert "invoice_ids" not in {field.name for field in forms.fields(ACTION, ["invoice_ids"])}


def test_options_and_requirements_come_from_the_schema():
    assert _field("way").options == ("mail", "courrier") and _field("way").required
    assert not _field("maybe_way").required and _field("on").required


@pytest.mark.parametrize(
    ("name", "typed", "given"),
    [
        ("amount", "0", "0.00"),
        ("amount", "", None),
        ("amount", "1 234,5", "1234.50"),
        ("amount", "12\u202f345,67 €", "12345.67"),
        ("amount", "-3.1", "-3.10"),
        ("count", "0", 0),
        ("count", "", None),
        ("sure", False, False),
        ("sure", None, False),
        ("perhaps", forms.NOT_GIVEN, None),
        ("perhaps", "Non", False),
        ("perhaps", "Oui", True),
        ("on", date(2026, 11, 3), "2026-11-03"),
        ("reason", "", None),
        ("invoice_ids", "a, b\nc;", ["a", "b", "c"]),
        ("maybe_way", forms.NOT_GIVEN, None),
    ],
)
def test_empty_is_not_zero(name, typed, given):
    assert forms.read(_field(name), typed) == given


@pytest.mark.parametrize(
    ("name", "typed"), [("amount", "douze"), ("amount", "1,2,3"), ("count", "1,5"), ("amount", "1e3")]
)
def test_what_cannot_be_read_is_said_in_a_sentence(name, typed):
    with pytest.raises(forms.FormError, match=r"«.*»"):
        forms.read(_field(name), typed)


def test_a_required_field_left_empty_is_asked_again():
    with pytest.raises(forms.FormError, match="Mode"):
        forms.parameters([_field("way")], {"way": None})


def test_a_cent_typed_is_a_cent_given():
    for cents in range(0, 300):
        text = f"{cents // 100},{cents % 100:02}"
        assert Decimal(forms.read(_field("amount"), text)) == Decimal(cents) / 100


def _pending(action: str, parameter: str, **more) -> doing.Pending:
    return doing.Pending(
        action=action,
        title="",
        ids=["x"],
        ids_parameter=parameter,
        single=False,
        preset=more.pop("preset", {}),
        items=1,
        amount=None,
        noun=("ligne", "lignes"),
        **more,
    )


def _asked(action: str, parameter: str, **more) -> list[str]:
    return [field.name for field in doing._asked(_pending(action, parameter, **more))]


def test_dialogs_ask_only_what_is_left_to_say():
    assert _asked("interventions.validate", "intervention_ids") == []
    assert _asked("invoices.create", "draft_ids") == []
    assert _asked("invoices.create", "") == ["period"]
    assert _asked("invoices.send", "invoice_ids") == ["delivery", "template"]
    assert _asked("home_plus.request_payment", "invoice_numbers") == []
    assert _asked("credit_notes.create", "invoice_number") == ["lines", "reason", "reinvoice"]
    assert _asked("invoices.allocate_adjustment", "credit_number") == ["invoice_number", "amount"]


def test_a_month_is_required_where_nothing_is_selected():
    assert [field.required for field in doing._asked(_pending("invoices.create", ""))] == [True]


def test_every_action_has_a_form_without_unnamed_fields():
    for action in ACTIONS.values():
        for field in forms.fields(action):
            assert field.title and field.title == field.title.strip(), (action.name, field.name)
