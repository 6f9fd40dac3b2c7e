"""Where things are: the installed project (read-only) and the agency's home (everything that changes)."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT_ROOT / "dbt_project"
TEMPLATES = PROJECT_ROOT / "templates"
DEMO_DATA = PROJECT_ROOT / "data" / "demo"


class Home:
    """The folders of one agency ($GUICHET_HOME). Nothing is created until `create()`."""

    def __init__(self, root: Path):
        self.root = Path(root).expanduser().resolve()
        self.journal = self.root / "journal.db"
        self.landing = self.root / "landing.duckdb"
        self.runs = self.root / "runs"
        self.current = self.runs / "CURRENT"
        self.documents = self.root / "documents"
        self.inbox = self.root / "inbox"
        self.archive = self.root / "archive"
        self.mail = self.root / "mail"
        self.sandbox = self.root / "sandbox.db"
        self.settings_file = self.root / "guichet.toml"
        self.batch_lock = self.root / "batch.lock"
        self.logs = self.root / "logs"
        self.dbt_target = self.root / "dbt"

    def create(self) -> "Home":
        for folder in (self.runs, self.documents, self.inbox, self.archive, self.mail, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        return self

    def exists(self) -> bool:
        return self.journal.exists() or self.landing.exists()
