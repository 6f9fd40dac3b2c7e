"""Every contract, in the order in which sources depend on each other (a folder is loaded in this order)."""

from loaders.contract import Contract
from loaders.contracts import (
    agencies,
    billable_items,
    care_plans,
    clients,
    contracts,
    home_plus_responses,
    interventions,
    payer_defaults,
    payers,
    payments,
    plannings,
    services,
)

SOURCES: dict[str, Contract] = {
    module.CONTRACT.name: module.CONTRACT
    for module in (
        agencies, services, payers, payer_defaults, clients, contracts, care_plans, plannings, interventions,
        billable_items, home_plus_responses, payments,
    )
}  # fmt: skip
