"""Which endpoints are in the owner's own network, and what is said of those that are not."""

from __future__ import annotations

import pytest

from sidecar.domain.errors import PermanentError
from sidecar.domain.privacy import Privacy, is_local

AT_HOME = [
    "http://127.0.0.1:8080/v1", "http://localhost:11434/v1", "http://LOCALHOST./v1", "http://[::1]:8080",
    "http://0.0.0.0:1", "http://10.1.2.3/v1", "http://172.16.0.9", "http://172.31.255.255", "http://192.168.178.20:11434/v1",
    "http://169.254.1.1", "http://[fd12::1]/v1", "http://[fe80::1%25eth0]/v1", "http://[::ffff:192.168.1.1]/",
    "http://ollama:11434/v1", "http://gpu-box/v1", "http://my_server/v1", "http://host.docker.internal:11434/v1",
    "http://box.local", "http://box.lan/v1", "http://nas.home", "https://llm.svc.internal", "http://a.home.arpa",
]  # fmt: skip
ELSEWHERE = [
    "", "https://api.openai.com/v1", "http://8.8.8.8/v1", "http://172.32.0.1", "http://100.64.0.1", "http://[2001:db8::1]",
    "http://[::ffff:8.8.8.8]/", "http://134744072/v1", "http://0x08080808/", "http://8.8.8/", "http://evil.com。lan/",
    "http://evil。com/v1", "http://localhost.evil.com", "http://evil.com/.local", "http://evil.com?.local",
    "http://evil.com#.local", "http://evil.com\\.local/", "http://evil.com%2e.local/", "http://mylan.com",
    "not an address", "http://", "http://[nonsense",
]  # fmt: skip


@pytest.mark.parametrize("url", AT_HOME)
def test_an_endpoint_at_home_is_told_by_its_address(url: str) -> None:
    assert is_local(url)


@pytest.mark.parametrize("url", ELSEWHERE)
def test_in_doubt_an_endpoint_is_elsewhere(url: str) -> None:
    assert not is_local(url)


def test_hosts_that_the_owner_names_count_as_well() -> None:
    also = ("llm.example.org", "*.my-vpn.net", "100.64.0.7")
    assert is_local("https://LLM.example.org/v1", also)
    assert is_local("https://gpu.my-vpn.net/v1", also)
    assert is_local("http://100.64.0.7/v1", also)
    assert not is_local("https://other.example.org/v1", also)
    assert not is_local("https://my-vpn.net.evil.com/v1", also)
    assert not is_local("https://evilmy-vpn.net/v1", also)
    assert not is_local("", ("",))


def test_a_model_that_ollama_has_run_elsewhere_is_not_at_home() -> None:
    privacy = Privacy(("Medical",))
    assert privacy.is_at_home("gpt-oss:20b", "http://ollama:11434/v1")
    assert not privacy.is_at_home("gpt-oss:120b-cloud", "http://ollama:11434/v1")
    assert not privacy.is_at_home("kimi:cloud", "http://ollama:11434/v1")


def test_the_refusal_names_the_settings_and_where_the_document_would_have_gone() -> None:
    privacy = Privacy(("Medical", "Salary"))
    privacy.require(False, "gpt-x", "")
    privacy.require(True, "qwen", "http://ollama:11434/v1")
    with pytest.raises(PermanentError) as caught:
        privacy.require(True, "gpt-x", "")
    for words in ("Medical, Salary", "PRIVATE_TAGS", "gpt-x", "api.openai.com", "LOCAL_HOSTS"):
        assert words in str(caught.value)
