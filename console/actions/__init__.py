"""What a person (or a script) can decide. Importing this package registers every action of its modules."""

from console.actions import (
    adjustments,
    credit_notes,
    home_plus,
    interventions,
    invoice_creation,
    invoice_sending,
    invoices,
    payments,
)

__all__ = [
    "adjustments",
    "credit_notes",
    "home_plus",
    "interventions",
    "invoice_creation",
    "invoice_sending",
    "invoices",
    "payments",
]
