"""The SQL of queues: parameters only, declared columns only, pages that neither repeat nor lose a row."""

from decimal import Decimal

import pytest

from console.settings import Settings
from console.warehouse.query import Warehouse
from console.web import state
from console.widgets import query
from console.widgets.declaration import Column, Queue
from console.widgets.query import BadQuery, Condition

QUEUE = Queue(
    name="essai",
    mart="marts.home_plus_errors",
    title="",
    caption="",
    key="invoice_number",
    columns=(
        Column("invoice_number", "Facture"),
        Column("client_name", "Client"),
        Column("amount", "Montant", "euro"),
    ),
    amount="amount",
    oldest="since",
    order="client_name",
    page_size=7,
)


@pytest.fixture
def warehouse(console: Settings) -> Warehouse:
    return state.warehouse()


def _rows(warehouse: Warehouse, sql: query.Sql) -> list[dict]:
    return warehouse.rows(sql.text, sql.params)


def test_pages_hold_every_row_once_whatever_the_sort(warehouse):
    for sort in ("client_name", "-amount", "amount", "", "inconnue", "client_name; drop table x"):
        seen = [row["_id"] for n in range(1, 8) for row in _rows(warehouse, query.page(QUEUE, [], sort, n))]
        assert len(seen) == len(set(seen)) == 38


def test_a_sort_is_followed_in_both_directions(warehouse):
    up = [row["amount"] for row in _rows(warehouse, query.page(QUEUE, [], "amount", 1))]
    down = [row["amount"] for row in _rows(warehouse, query.page(QUEUE, [], "-amount", 1))]
    assert up == sorted(up) and down == sorted(down, reverse=True) and up[0] < down[0]


def test_totals_are_exact_and_of_what_is_filtered(warehouse):
    only = [Condition(("client_name",), "in", ("Mme Odile Perrin",))]
    rows = _rows(warehouse, query.page(QUEUE, only, "", 1))
    totals = _rows(warehouse, query.totals(QUEUE, only))[0]
    assert totals["items"] == len(rows) == 7
    assert totals["amount"] == sum((row["amount"] for row in rows), Decimal(0)) and isinstance(
        totals["amount"], Decimal
    )


@pytest.mark.parametrize("text", ["lefevre", "LEFÈVRE", "paul lef", "F2026-001201", "  Lefèvre  "])
def test_a_search_minds_neither_accents_nor_case_nor_order_of_words(warehouse, text):
    found = _rows(
        warehouse, query.page(QUEUE, [Condition(("client_name", "invoice_number"), "search", (text,))], "", 1)
    )
    assert found and {row["client_name"] for row in found} == {"M. Paul Lefèvre"}


@pytest.mark.parametrize("text", ["%", "_", "100%", "!", "'; drop table marts.invoices; --", "\\"])
def test_marks_in_a_search_are_ordinary_characters(warehouse, text):
    assert _rows(warehouse, query.page(QUEUE, [Condition(("client_name",), "search", (text,))], "", 1)) == []


def test_nothing_of_a_value_reaches_the_text():
    sql = query.page(QUEUE, [Condition(("client_name",), "in", ("x' or 1=1 --", None))], "", 3)
    assert "1=1" not in sql.text and sql.params == ("x' or 1=1 --", 7, 14)
    assert "is null" in sql.text


def test_an_empty_choice_finds_nothing_rather_than_everything(warehouse):
    assert _rows(warehouse, query.totals(QUEUE, [Condition(("client_name",), "in", ())]))[0]["items"] == 0


def test_the_chosen_rows_give_the_ids_that_an_action_takes(warehouse):
    chosen = ["F2026-001201", "F2026-001206", "F2026-001201", "inconnue"]
    found = _rows(warehouse, query.chosen(QUEUE, chosen, "client_id"))[0]
    assert found["items"] == 2 and found["ids"] == ["C001", "C006"]


def test_a_row_outside_the_queue_is_not_opened(warehouse):
    part = Queue(**{**QUEUE.__dict__, "where": {"fixable_by": ("retry",)}})
    inside = _rows(warehouse, query.page(part, query.base_conditions(part), "", 1))[0]["_id"]
    assert _rows(warehouse, query.row(part, inside))[0]["invoice_number"] == inside
    assert _rows(warehouse, query.row(part, "F2026-001200")) == []


def test_conditions_survive_the_address_of_an_export():
    given = [
        Condition(("a",), "in", ("x", None, 3)),
        Condition(("a", "b"), "search", ("été",)),
        Condition(("c",), "true"),
    ]
    assert query.from_json(query.to_json(given), {"a", "b", "c"}) == given


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        '[[["z"],"in",[]]]',
        '[[["a"],"drop",[]]]',
        '[[[],"in",[]]]',
        '[[["a"],"ge",[]]]',
        '[[["a"],"in",[{"x":1}]]]',
    ],
)
def test_conditions_from_outside_are_checked(text):
    with pytest.raises(BadQuery):
        query.from_json(text, {"a"})


def test_an_export_sorts_only_by_its_columns():
    assert query.checked_order("-a", {"a"}) == ' order by "a" desc nulls last'
    assert query.checked_order("b", {"a"}) == "" == query.checked_order('a" desc; --', {"a"})


def test_composite_keys_are_one_text():
    assert query.key_expression(["a", "b"]) == 'concat_ws(\'|\', cast("a" as varchar), cast("b" as varchar))'
