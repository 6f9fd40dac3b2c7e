"""The demo plays its steps in a home of its own, never in somebody's agency."""

from pathlib import Path


def test_the_demo_refuses_a_home_that_init_made(cli, home: Path) -> None:
    assert cli("init").code == 0
    before = (home / "guichet.toml").read_bytes()
    refused = cli("demo", "--home", str(home), "--no-serve")
    assert refused.code == 1
    assert "est celui d'une agence" in refused.err and "Traceback" not in refused.err
    assert (home / "guichet.toml").read_bytes() == before
