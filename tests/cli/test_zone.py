"""`alpage zone`, on the data folder."""

import io
from pathlib import Path

import pytest

from alpage.cli import demo, platform, zone
from alpage.settings import load


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    demo.demonstrate(platform.open_platform(tmp_path), load(data=tmp_path))
    capsys.readouterr()
    return tmp_path


def exported(folder: Path, capsys: pytest.CaptureFixture[str], name: str = demo.DOMAIN) -> str:
    zone.export_zone(name, data=folder)
    return capsys.readouterr().out


def test_what_is_exported_can_be_imported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, file = exported(folder, capsys), folder / "zone.txt"
    zone.export_zone(demo.DOMAIN.upper() + ".", file, data=folder)
    assert file.read_text() == before
    zone.import_zone(demo.DOMAIN, file, data=folder)
    assert "line 3: The SOA record is passed over" in capsys.readouterr().err
    assert exported(folder, capsys) == before


def test_an_import_replaces_the_records(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("new 300 A 192.0.2.99\n"))
    zone.import_zone(demo.DOMAIN, data=folder)
    *_, first, last = exported(folder, capsys).splitlines()
    assert "NS" in first
    assert last.split() == ["new", "300", "IN", "A", "192.0.2.99"]


def test_a_new_zone_belongs_to_the_domain_it_is_in(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "zone.txt"
    file.write_text("www A 192.0.2.1\n")
    zone.import_zone(f"dev.{demo.DOMAIN}", file, data=folder)
    assert "www" in exported(folder, capsys, f"dev.{demo.DOMAIN}")


def test_every_fault_is_told_and_nothing_is_done(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, file = exported(folder, capsys), folder / "zone.txt"
    file.write_text("a A 1.2.3\nfine A 192.0.2.1\nb..c A 192.0.2.1\n")
    with pytest.raises(SystemExit):
        zone.import_zone(demo.DOMAIN, file, data=folder)
    told = capsys.readouterr().err
    assert "line 1: " in told
    assert "line 3: " in told
    assert "line 2: " not in told
    assert exported(folder, capsys) == before


@pytest.mark.parametrize("name", ["elsewhere.example", "-", "12"])
def test_what_is_not_here(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    file = folder / "zone.txt"
    file.write_text("")
    for command in (zone.export_zone, zone.import_zone):
        with pytest.raises(SystemExit):
            command(name, file, data=folder)
        assert capsys.readouterr().err.startswith("alpage: ")
    assert file.read_text() == ""


def test_a_file_that_cannot_be_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        zone.import_zone(demo.DOMAIN, folder / "missing", data=folder)
    assert "missing" in capsys.readouterr().err
