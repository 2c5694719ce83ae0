"""`alpage domain`, on the data folder."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from alpage.accounts.products import Product
from alpage.cli import demo, domain, platform
from alpage.products.dns.tables import Record, Zone, ZoneVersion
from alpage.products.domains.domains import Domain
from alpage.settings import load

DEMO_ACCOUNT = 1


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    demo.demonstrate(platform.open_platform(tmp_path), load(data=tmp_path))
    capsys.readouterr()
    return tmp_path


def listed(folder: Path, capsys: pytest.CaptureFixture[str], account: int | None = None) -> list[list[str]]:
    domain.list_domains(account=account, data=folder)
    return [line.split("\t") for line in capsys.readouterr().out.splitlines()]


def count(folder: Path, table: type) -> int:
    with platform.open_platform(folder).database.reading() as transaction:
        return int(transaction.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_domain_is_created_and_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    domain.create("Bücher.ch", account=DEMO_ACCOUNT, days=0, data=folder)
    number = capsys.readouterr().out.strip()
    last = listed(folder, capsys)[-1]
    assert last[:4] == [number, str(DEMO_ACCOUNT), "xn--bcher-kva.ch", "bücher.ch"]
    assert len(last[4]) == len("2026-01-01")
    assert last in listed(folder, capsys, DEMO_ACCOUNT)
    assert listed(folder, capsys, DEMO_ACCOUNT + 1) == []


@pytest.mark.parametrize(
    ("name", "account", "said"),
    [
        ("example.ch", 999, "there is no account 999"),
        ("www.example.ch", DEMO_ACCOUNT, "is a name below the domain example.ch"),
        ("example.nosuchtld", DEMO_ACCOUNT, "does not end in a TLD there is"),
        ("demo.example", DEMO_ACCOUNT, "The domain demo.example already exists"),
    ],
)
def test_what_cannot_be_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, account: int, said: str
) -> None:
    with pytest.raises(SystemExit) as end:
        domain.create(name, account=account, data=folder)
    assert end.value.code == 2
    assert said in capsys.readouterr().err
    assert len(listed(folder, capsys)) == 1


def test_a_domain_goes_with_its_zone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = (Domain, Product, Zone, Record)
    assert all(count(folder, table) for table in (*tables, ZoneVersion))
    domain.delete("DEMO.example", data=folder)
    assert [count(folder, table) for table in (*tables, ZoneVersion)] == [0] * 5
    with pytest.raises(SystemExit):
        domain.delete("demo.example", data=folder)
    assert "there is no domain demo.example" in capsys.readouterr().err


def test_the_demonstration_has_a_domain_with_its_zone(folder: Path) -> None:
    with platform.open_platform(folder).database.reading() as transaction:
        found = [(row.source, row.type, row.target) for row in transaction.execute(select(Record).order_by(Record.id))]
        zone = transaction.find(select(Zone))
    assert zone.fqdn == "demo.example"
    assert found[0] == (".", "A", "192.0.2.10")
    assert {kind for _, kind, _ in found} == {"A", "AAAA", "MX", "TXT", "CNAME"}
    demo.demonstrate(platform.open_platform(folder), load(data=folder))
    assert (count(folder, Domain), count(folder, Zone)) == (1, 1)
