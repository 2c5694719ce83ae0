"""`alpage serve --demo`, as `make run` starts it."""

import json
import urllib.request

from tests.cli.running import running


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
        with urllib.request.urlopen(f"{platform.url}/metrics") as metrics:
            assert 'route="GET /2/profile",status="200"} 1.0' in metrics.read().decode()
        assert platform.stop() == 0
        output = platform.log.read_text()
        printed = output.partition("The token and the rest")[0]
        assert "curl " in printed
        assert "dig " in printed
        logged = [json.loads(line) for line in output.splitlines() if line.startswith('{"')]
        assert headers["x-request-id"] in {line.get("request_id") for line in logged}
        assert token not in output.partition("The token and the rest")[2]

    with running(tmp_path / "data") as again:
        assert again.environment["ALPAGE_TOKEN"] == token
        assert get(again, "/2/profile", token)[1]["result"] == "success"
