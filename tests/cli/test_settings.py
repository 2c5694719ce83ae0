"""Settings: environment over file over default, and clear words when one is wrong."""

from pathlib import Path

import pytest

from alpage.settings import SettingsError, load


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_defaults():
    settings = load()
    assert settings.rate_limit == "60/minute"
    assert settings.database_url == "sqlite:///data/alpage.db"
    assert settings.public_url == "http://127.0.0.1:8000"


def test_flag_over_environment_over_file(monkeypatch):
    Path("data").mkdir()
    Path("data/alpage.toml").write_text(
        'port = 1\nthreads = 1\nworkers = 1\ndns_nameservers = ["a.example", "b.example"]\n'
    )
    monkeypatch.setenv("ALPAGE_PORT", "2")
    monkeypatch.setenv("ALPAGE_THREADS", "2")
    settings = load(port=3, data=None)
    assert (settings.port, settings.threads, settings.workers) == (3, 2, 1)
    assert settings.dns_nameservers == ("a.example", "b.example")


def test_a_file_elsewhere(monkeypatch):
    Path("other.toml").write_text('rate_limit = "5/second"')
    monkeypatch.setenv("ALPAGE_CONFIG", "other.toml")
    assert load().rate_limit == "5/second"


def test_lists_are_separated_by_commas(monkeypatch):
    monkeypatch.setenv("ALPAGE_DNS_SECONDARIES", "192.0.2.1, 192.0.2.2:5353")
    assert load().dns_secondaries == ("192.0.2.1", "192.0.2.2:5353")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALPAGE_PORT", "http", "ALPAGE_PORT"),
        ("ALPAGE_PORT", "99999", "65535"),
        ("ALPAGE_LOG_LEVEL", "loud", "ALPAGE_LOG_LEVEL"),
        ("ALPAGE_RATE_LIMIT", "many", "ALPAGE_RATE_LIMIT"),
        ("ALPAGE_TRUSTED_PROXIES", "everybody", "ALPAGE_TRUSTED_PROXIES"),
        ("ALPAGE_DNS_KEYS", "transfer.example:hmac-sha256", "name:algorithm:base64"),
        ("ALPAGE_DNS_KEYS", "transfer.example:hmac-sha256:not-base64", "name:algorithm:base64"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=said):
        load()


def test_an_unknown_setting_in_the_file_is_named():
    Path("data").mkdir()
    Path("data/alpage.toml").write_text("prot = 1")
    with pytest.raises(SettingsError, match="prot"):
        load()
