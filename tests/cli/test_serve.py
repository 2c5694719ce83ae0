"""`alpage serve --demo`, as `make run` starts it."""

import json
import socket
import subprocess
import time
import urllib.request

import dns.message
import dns.query

from tests.cli.running import ALPAGE, PATIENCE_SECONDS, free_port, running


def get(platform, path, token):
    request = urllib.request.Request(platform.url + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        return dict(answer.headers), json.load(answer)


def test_first_start_second_start_and_end(tmp_path):
    with running(tmp_path / "data") as platform:
        environment = platform.environment
        assert environment.keys() == {"ALPAGE_API", "ALPAGE_TOKEN", "ALPAGE_DNS", "ALPAGE_USER", "ALPAGE_PASSWORD"}
        assert (platform.data / "demo.env").stat().st_mode & 0o777 == 0o600
        token = environment["ALPAGE_TOKEN"]
        headers, body = get(platform, "/profile", token)
        assert body["data"]["email"] == environment["ALPAGE_USER"]
        assert headers["ratelimit-policy"] == '"requests";q=60;w=60'
        assert 'route="GET /2/profile",status="200"} 1.0' in platform.metrics()
        assert platform.stop() == 0
        output = platform.log.read_text()
        printed = output.partition("The token and the rest")[0]
        assert "curl " in printed
        assert "dig " in printed
        logged = [json.loads(line) for line in output.splitlines() if line.startswith('{"')]
        assert headers["x-request-id"] in {line.get("request_id") for line in logged}
        assert token not in output.partition("The token and the rest")[2]

    with running(tmp_path / "data") as again:
        _, recorded = get(again, f"/1/requests/{headers['x-request-id']}", token)
        assert recorded["data"]["route"] == "GET /2/profile"
        listed = subprocess.run(
            [ALPAGE, "application", "list", "--data", again.data], capture_output=True, text=True, check=True
        ).stdout
        assert [line.split("\t")[0] for line in listed.splitlines()] == ["alpage-manager", "alpage-cli"]
        assert again.environment["ALPAGE_TOKEN"] == token
        assert get(again, "/2/profile", token)[1]["result"] == "success"


def test_a_name_server_that_cannot_listen_is_named(tmp_path):
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        command = [ALPAGE, "serve", "--data", tmp_path / "data", "--port", str(free_port()), "--dns-port", port]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (2, f"alpage: 127.0.0.1 port {port}: Address already in use\n")


def test_the_name_server_is_counted_too(tmp_path):
    with running(tmp_path / "data") as platform:
        host, _, port = platform.environment["ALPAGE_DNS"].rpartition(":")
        dns.query.udp(dns.message.make_query("nobody.demo.example", "A"), host, port=int(port), timeout=5)
        counted = 'alpage_dns_queries_total{rcode="NXDOMAIN",transport="udp",type="A"} 1.0'
        deadline = time.monotonic() + PATIENCE_SECONDS
        while counted not in (metrics := platform.metrics()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert counted in metrics


def test_a_platform_without_a_name_server(tmp_path):
    with running(tmp_path / "data", ALPAGE_DNS_ENABLED="false") as platform:
        with socket.socket(type=socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", int(platform.environment["ALPAGE_DNS"].rpartition(":")[2])))
        assert platform.stop() == 0


def test_no_server_process_outlives_a_platform_that_was_killed(tmp_path):
    with running(tmp_path / "data") as platform:
        platform.process.kill()
        platform.process.wait()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while platform.answers() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not platform.answers()
