"""Which documents may not leave the owner's own network, and which endpoints are in it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from sidecar.domain.errors import PermanentError

#: Where a model is that has no address.
OPENAI = "api.openai.com"
#: Names that are given inside a network of one's own only.
SUFFIXES = (".local", ".lan", ".home", ".internal", ".localhost", ".home.arpa")
#: What Ollama appends to names of models that it does not run itself but has run on its maker's servers.
ELSEWHERE = ("-cloud", ":cloud")
_NETS = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/32", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
#: A name in a network; anything else (digits alone are an address, other scripts are rewritten) is not taken for one.
_LABEL = re.compile(r"(?!0x)(?=.*[a-z])[a-z0-9_-]+")
_HOST = re.compile(r"[a-z0-9_.-]+")


def host_of(url: str) -> str:
    """Return the host of an address in small letters, empty if it has none."""
    try:
        return (urlsplit(url).hostname or "").lower().rstrip(".")
    except ValueError:
        return ""


def host_or_openai(url: str) -> str:
    """Return the host of an endpoint as the ledger and the price table name it; no address is OpenAI's own."""
    return host_of(url) or OPENAI


def is_local(url: str | None, also: Collection[str] = ()) -> bool:
    """Say whether an endpoint is on this machine or in a network of the owner's own.

    By its address alone: loopback, private ranges, a name without a dot (a container), or one that only a home
    network gives. `also` names further hosts (`*.example.org` for all below). In doubt it is not.
    """
    host = host_of(url or "")
    if any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in map(str.lower, also)):
        return bool(host)
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return bool(_LABEL.fullmatch(host) or (_HOST.fullmatch(host) and host.endswith(SUFFIXES)))
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return any(address in net for net in _NETS if net.version == address.version)


@dataclass(frozen=True, slots=True)
class Privacy:
    """The owner's wish that documents with certain tags stay at home."""

    #: PRIVATE_TAGS, as the owner wrote them.
    tags: tuple[str, ...] = ()
    #: LOCAL_HOSTS
    hosts: tuple[str, ...] = ()

    def is_at_home(self, model: str, url: str) -> bool:
        """Say whether a model at this address (empty: OpenAI's own) is one of the owner's own network."""
        return is_local(url, self.hosts) and not model.lower().endswith(ELSEWHERE)

    def require(self, private: bool, model: str, url: str) -> None:
        """Let a document through to a model. Raises PermanentError for a private one if the model is elsewhere."""
        if private and not self.is_at_home(model, url):
            raise PermanentError(
                f"The document has one of the tags {', '.join(self.tags)} (PRIVATE_TAGS), and the model {model} at "
                f"{host_or_openai(url)} is not in your own network, so nothing of it was sent there. Set up a "
                "model of your own, name its host in LOCAL_HOSTS if this is one, or take that tag off."
            )
