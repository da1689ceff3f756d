"""How AWS is reached: local clouds, proxies, certificates."""

from pathlib import Path

import pytest

from samlive.access import Access, is_loopback


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://aws.amazon.com",
        "http://10.0.0.1:80",
        "http://localhost.example.com",
        "127.0.0.1",
    ],
)
def test_not_this_machine(url: str) -> None:
    assert not is_loopback(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "http://[::1]:1", "http://localhost", "http://a.localhost:1"]
)
def test_this_machine(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    ("variables", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "proxy:3128"),
        ({"https_proxy": "proxy:3128"}, "proxy:3128"),
        ({"HTTPS_PROXY": "http://user:p%40w@proxy"}, "user:p%40w@proxy:80"),
        ({"HTTPS_PROXY": "http://[::1]:3128"}, "[::1]:3128"),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "localhost,.example.com"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "no_proxy": "iot.example.com"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "ample.com"}, "proxy:1"),
    ],
)
def test_proxy_of_a_host(variables: dict[str, str], proxy: str | None) -> None:
    assert Access(variables).proxy("iot.example.com:443") == proxy


def test_certificates_come_from_where_botocore_takes_them(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nca_bundle = /d.pem\n[profile team]\nca_bundle = /t.pem\n")
    variables = {"AWS_CONFIG_FILE": str(config), "REQUESTS_CA_BUNDLE": "/r.pem"}
    assert Access({"AWS_CA_BUNDLE": "/x.pem", **variables}).ca_file == Path("/x.pem")
    assert Access(variables).ca_file == Path("/d.pem")
    assert Access(variables, profile="team").ca_file == Path("/t.pem")
    assert Access({**variables, "AWS_PROFILE": "team"}).ca_file == Path("/t.pem")
    assert Access(variables, profile="other").ca_file == Path("/r.pem")
    assert Access(variables, isolated=True).ca_file == Path("/r.pem")
    assert Access({"HOME": str(tmp_path)}).ca_file is None


@pytest.mark.parametrize("text", ["ca_bundle = /x.pem", "[profile a\n", "\xff\xfe"])
def test_broken_configuration_file_is_botocores_to_tell(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text, encoding="latin-1")
    assert Access({"AWS_CONFIG_FILE": str(tmp_path / "config")}).ca_file is None


def test_http_libraries_get_the_proxy_as_an_address() -> None:
    access = Access({"HTTPS_PROXY": "http://user:pw@proxy:3128", "NO_PROXY": "inside.example.com"})
    assert access.proxies("https://s3.amazonaws.com/x") == {"https": "http://user:pw@proxy:3128"}
    assert access.proxies("https://inside.example.com/x") == {}
    assert access.proxies("http://s3.amazonaws.com/x") == {}
    assert access.proxies("https://localhost:4566/x") == {}
