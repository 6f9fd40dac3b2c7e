"""Every setting, typed. Order: GUICHET_* variables, then $GUICHET_HOME/guichet.toml, then the defaults below.

Settings that change how money is computed (the `models` group) reach dbt as variables; see `dbt_vars`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from console.paths import Home


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="GUICHET_", extra="ignore")

    home: Path = Path("./var")
    journal_url: str = ""  # empty: SQLite in the home; otherwise postgresql+psycopg://…
    timezone: str = "Europe/Paris"
    country: str = "FR"
    as_of: str = ""  # ISO local time; empty: the clock
    runs_kept: int = Field(5, ge=1)

    # what changes the figures (passed to dbt)
    adjustments: Literal["separate", "inline"] = "separate"
    planning_gap_minutes: int = Field(10, ge=0)
    home_plus_activation_day: Literal["exclude", "include"] = "exclude"
    home_plus_with_payer: Literal["refuse", "allow"] = "refuse"
    home_plus_fee_products: list[str] = Field(default_factory=list)  # ticked codes; empty: all of the seed

    # numbers and documents
    invoice_number_format: str = "F{year}-{seq:06}"
    credit_note_number_format: str = "A{year}-{seq:06}"
    bordereau_number_format: str = "B{year}-{seq:06}"
    payment_terms_days: int = Field(30, ge=0)
    late_payment_terms: str = (
        "En cas de retard de paiement, intérêts au taux légal en vigueur ; "
        "aucun escompte pour paiement anticipé."
    )
    vat_exemption: str = ""  # e.g. "TVA non applicable, art. 293 B du CGI"

    # mail (without a host, messages are written to $GUICHET_HOME/mail as .eml)
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_starttls: bool = True
    mail_from: str = "facturation@guichet.example"

    # Home+
    home_plus_url: str = ""
    home_plus_token_url: str = ""
    home_plus_client_id: str = ""
    home_plus_client_secret: SecretStr = SecretStr("")
    home_plus_timeout: float = Field(20.0, gt=0)
    home_plus_third_party_id: str = ""  # idTiersFacturation
    home_plus_poll_minutes: int = Field(60, ge=1)
    retry_max_attempts: int = Field(6, ge=1)
    retry_base_seconds: float = Field(30.0, ge=0)
    lease_seconds: float = Field(120.0, gt=0)

    # console
    host: str = "127.0.0.1"
    port: int = Field(8501, ge=0, le=65535)
    session_hours: float = Field(12, gt=0)
    cookie_secure: bool = False

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        ZoneInfo(value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        init = init_settings.init_kwargs if hasattr(init_settings, "init_kwargs") else {}
        home = Path(init.get("home") or os.environ.get("GUICHET_HOME") or "./var")
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=home / "guichet.toml"),
        )

    @property
    def paths(self) -> Home:
        return Home(self.home)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def database_url(self) -> str:
        return self.journal_url or f"sqlite:///{self.paths.journal}"

    def now(self) -> datetime:
        """The clock of everything, in UTC: `as_of` (local time of the agency) when set, else the real one."""
        if not self.as_of:
            return datetime.now(UTC)
        moment = datetime.fromisoformat(self.as_of)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.zone)
        return moment.astimezone(UTC)

    def today(self) -> Any:
        return self.now().astimezone(self.zone).date()

    def dbt_vars(self) -> dict[str, Any]:
        """The variables of dbt_project.yml, from the settings (as_of in UTC, without offset)."""
        return {
            "as_of": self.now().replace(tzinfo=None).isoformat(sep=" ", timespec="seconds"),
            "timezone": self.timezone,
            "country": self.country,
            "adjustments": self.adjustments,
            "planning_gap_minutes": self.planning_gap_minutes,
            "home_plus_activation_day": self.home_plus_activation_day,
            "home_plus_with_payer": self.home_plus_with_payer,
            "home_plus_fee_products": self.home_plus_fee_products,
            # without an id of its own, the account that signs the requests is the third party
            "home_plus_third_party_id": self.home_plus_third_party_id or self.home_plus_client_id,
        }


def load_settings(**overrides: Any) -> Settings:
    """Settings of the current process; `overrides` (home=…, as_of=…) win over everything."""
    return Settings(**{k: v for k, v in overrides.items() if v is not None})
