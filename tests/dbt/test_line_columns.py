"""The frozen lines are positional: the order in the journal's schema and in the model must be one."""

import re

from console.journal.events import LINE_COLUMNS
from console.paths import DBT_PROJECT


def test_the_model_reads_the_columns_in_the_order_the_journal_writes_them() -> None:
    model = (DBT_PROJECT / "models" / "billing" / "invoice_lines.sql").read_text()
    declared = model[: model.index("%}")]
    assert tuple(re.findall(r"\('(\w+)', '", declared)) == LINE_COLUMNS
