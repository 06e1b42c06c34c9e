"""Hostile requests as a table: what somebody sends who wants to come in, change something, or break something.

What every address gets comes from the routes themselves (`sweeps`), so a new page or endpoint is attacked without a line
here; the rest (`ATTACKS`) is known mischief, one a line.
"""

# ruff: noqa: E501 - a row of a table is a line
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from fastapi.routing import APIRoute

from sidecar.web.app import ROUTERS

#: Whose cookie or token goes along. "crossed" is anna's cookie with the CSRF token of somebody else.
Who = Literal["stranger", "anna", "anna with token", "crossed", "metrics", "read", "admin"]
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
EVIL = "evil.example"
XSS = "\"'><script>alert(1)</script>{{31337*7}}"
XSS_SENT = "%22%27%3E%3Cscript%3Ealert(1)%3C/script%3E%7B%7B31337*7%7D%7D"
#: More that is sent in every value, as it stands in an address or a form.
MISCHIEF = {
    "SQL": "1%27%20OR%201%3D1%3B--%20%22%29%3B%20DROP%20TABLE%20job%3B",
    "a line break": "1%0D%0AX-Evil%3A%20yes%0D%0A%0D%0A%3Cscript%3Ealert(1)%3C/script%3E",
    "a path": "..%2F..%2F..%2F..%2Fetc%2Fpasswd%00.html",
    "a number too large": "9" * 40,
    "a text too long": "A" * 3000,
    "broken UTF-8": "%C3%28%A0%FF",
}
#: What is open to all, and how it answers: the program starts here and is not ready, and no bell has a secret.
OPEN = {"/healthz": frozenset({200}), "/readyz": frozenset({200, 503}), "/api/webhook": frozenset({404})}
#: A job that failed, a document that is there, ..: so that a hole would be seen as a change.
VALUES = {"job_id": "1", "document_id": "1", "page": "1", "kind": "ocr", "name": "style.css"}


@dataclass(frozen=True)
class Attack:
    """A request, and which answers are right."""

    name: str
    method: str
    path: str
    who: Who = "stranger"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    #: Empty for any but a fault.
    right: frozenset[int] = frozenset()


def routes() -> Iterator[APIRoute]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield route


def filled(route: APIRoute) -> str:
    """The address of a route, with something that exists."""
    path = route.path
    for one in route.dependant.path_params:
        path = path.replace("{" + one.name + "}", VALUES.get(one.name, "1"))
    return path


def sweeps() -> Iterator[Attack]:
    """What every address gets."""
    for route in routes():
        path = filled(route)
        if not (route.methods or set()) & {"GET", "POST"}:
            continue
        method = "POST" if "POST" in (route.methods or ()) else "GET"
        if method == "POST" and path != "/login":
            yield from _changes(path)
        if method == "GET" and path not in (*OPEN, "/login") and not path.startswith("/static/"):
            yield Attack(f"look at {path} as a stranger", "GET", path, right=frozenset({303, 401}))
            tampered = {"Cookie": "sidecar_session=" + "A" * 43}
            yield Attack(
                f"look at {path} with a made-up cookie", "GET", path, "stranger", tampered, right=frozenset({303, 401})
            )
            alone = frozenset({200}) if path == "/metrics" else frozenset({403})
            yield Attack(f"look at {path} with a token for figures", "GET", path, "metrics", right=alone)
        names = [one.alias for one in (*route.dependant.query_params, *_form_fields(route))]
        if method == "GET" and "events" not in path:
            query = "&".join(f"{name}={XSS_SENT}" for name in [*names, "unknown", XSS_SENT])
            yield Attack(
                f"script in every value of {path}", "GET", f"{path}?{query}", "anna", right=OPEN.get(path, frozenset())
            )
            for about, sent in MISCHIEF.items():
                query = "&".join(f"{name}={sent}" for name in [*names, "unknown"])
                yield Attack(
                    f"{about} in every value of {path}", "GET", f"{path}?{query}", "anna",
                    right=OPEN.get(path, frozenset()),
                )  # fmt: skip
        for name in names if method == "POST" else ():
            body = f"csrf=0&{name}={XSS_SENT}".encode()
            yield Attack(f"script in {name} of {path}", "POST", path, "anna", {"Content-Type": FORM}, body)
            for about, sent in MISCHIEF.items():
                body = f"csrf=0&{name}={sent}".encode()
                yield Attack(f"{about} in {name} of {path}", "POST", path, "anna", {"Content-Type": FORM}, body)


def _form_fields(route: APIRoute) -> list[object]:
    return list(route.dependant.body_params)


def _changes(path: str) -> Iterator[Attack]:
    form, away = {"Content-Type": FORM}, frozenset({303, 401, 403, 422}) | OPEN.get(path, frozenset())
    no = frozenset({403, 422}) | OPEN.get(path, frozenset())
    yield Attack(f"{path} as a stranger", "POST", path, "stranger", form, b"csrf=0", away)
    yield Attack(f"{path} with no CSRF token", "POST", path, "anna", form, b"", no)
    yield Attack(f"{path} with the CSRF token of another", "POST", path, "crossed", form, b"", no)
    yield Attack(
        f"{path} from another site", "POST", path, "anna with token", {**form, "Origin": f"https://{EVIL}"}, b"", no
    )
    yield Attack(f"{path} as text", "POST", path, "anna", {"Content-Type": "text/plain"}, b'{"csrf":"0"}', no)
    yield Attack(f"{path} with a token that may read", "POST", path, "read", {"Content-Type": JSON}, b"{}", no)
    yield Attack(f"{path} with a token for figures", "POST", path, "metrics", {"Content-Type": JSON}, b"{}", no)
    yield Attack(
        f"{path} by GET in disguise",
        "GET",
        f"{path}?_method=POST",
        "anna with token",
        {"X-HTTP-Method-Override": "POST"},
    )
    yield Attack(f"{path} by PUT", "PUT", path, "anna with token", form, b"", frozenset({405, 404}))


def _paths() -> Iterator[Attack]:
    for path in (
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/%2e%2e/app.py", "/static/..%5capp.py",
        "/static/%c0%ae%c0%ae/app.py", "/static/....//app.py", "/static//etc/passwd", "/static/style.css%00.js",
        "/static/C:%5cwindows%5cwin.ini", "/static/" + "a" * 5000, "//etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
        "/..;/jobs", "/./jobs/../jobs/1", "/jobs/%00", "/jobs/1%0d%0aX-Evil:%20yes", "/jobs/1/../../login",
        "/JOBS", "/jobs/", "/%ff%fe", "/.env", "/.git/config", "/docs", "/openapi.json", "/metrics/../api/jobs",
    ):  # fmt: skip
        yield Attack(f"path {path[:40]}", "GET", path, "anna")
    for number in ("0", "-1", "2147483648", "9223372036854775808", "1" + "0" * 400, "1e3", "0x1", "%D9%A1",
                   "1'--", "1;drop%20table%20job", "true", "null", "NaN", "[1]"):  # fmt: skip
        yield Attack(f"job {number[:30]}", "GET", f"/jobs/{number}", "anna", right=frozenset({404, 422}))
        yield Attack(
            f"job {number[:30]} of the API", "GET", f"/api/jobs/{number}", "admin", right=frozenset({404, 422})
        )
    for query in ("before=-1", "before=99999999999999999999", "limit=0", "limit=1000000000", "kind=' or 1=1", "state=%00",
                  "&".join(["state=failed"] * 500), "document=1&document=2", "%", "a=%ff%fe", "=&=&=", "document[]=1",
                  "&".join(f"x{n}=1" for n in range(3000))):  # fmt: skip
        sent = query.replace(" ", "%20").replace("'", "%27")
        yield Attack(f"query {query[:30]}", "GET", f"/jobs?{sent}", "anna")
        yield Attack(f"query {query[:30]} of the API", "GET", f"/api/jobs?{sent}", "admin")


def _targets() -> Iterator[Attack]:
    for target in (f"https://{EVIL}", f"//{EVIL}", f"/\\{EVIL}", f"/%5c{EVIL}", f"///{EVIL}", f"\\\\{EVIL}", f"/%09/{EVIL}", f"%20//{EVIL}",
                   f"http:{EVIL}", "javascript:alert(1)", "data:text/html,x", f"/%0d%0aLocation:%20https://{EVIL}",
                   "/%0aSet-Cookie:%20a=b", f"@{EVIL}", f".{EVIL}", "/login?next=/login", "/logout", "%00", "a" * 3000):  # fmt: skip
        yield Attack(f"login goes on to {target[:40]}", "GET", f"/login?next={target}", "anna")
        body = f"username=anna&password=correct+horse&next={target}".encode()
        yield Attack(
            f"a login leads to {target[:40]}",
            "POST",
            "/login",
            "stranger",
            {"Content-Type": FORM},
            body,
            frozenset({303, 422}),
        )


def _headers() -> Iterator[Attack]:
    for name, value in (
        ("Host", EVIL), ("Host", f"{EVIL}:80@localhost"), ("X-Forwarded-Host", EVIL), ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-For", "1.2.3.4, 5.6.7.8"), ("X-Forwarded-Prefix", f"//{EVIL}"), ("Forwarded", f"host={EVIL};proto=https"),
        ("X-Original-URL", "/api/queue"), ("X-Rewrite-URL", "/api/queue"), ("X-Forwarded-Port", "1"), ("X-Host", EVIL),
        ("Accept-Language", "de;q=" + "9" * 400), ("Accept-Language", ",;q=,;q=x," * 500), ("Accept-Language", "../../../etc;q=1"),
        ("Accept-Language", "de;q=nan"), ("Range", "bytes=0-,0-,0-"), ("If-None-Match", "*"), ("Last-Event-ID", "\xff" * 50),
        ("Cookie", "sidecar_session=" + "A" * 9000), ("Cookie", "sidecar_session=\"'; drop table web_session--" + "a" * 20),
        ("Cookie", "=;=;=;" * 100), ("Cookie", "sidecar_session=" + "\xe9" * 40), ("Authorization", "Bearer "),
        ("Authorization", "Bearer " + "A" * 9000), ("Authorization", "Basic YWRtaW46YWRtaW4="), ("Authorization", "Bearer \xff\xfe"),
        ("Authorization", "Bearer token-read-0' or 1=1--"), ("Authorization", "bearer"), ("X-Remote-User", "admin"),
        ("Remote-User", "admin"), ("User-Agent", "${jndi:ldap://x}"), ("Referer", f"https://{EVIL}/{XSS}"), ("Upgrade", "websocket"),
        ("Expect", "100-continue"), ("Content-Length", "0"), ("Accept-Encoding", "gzip;q=99999, " * 200),
    ):  # fmt: skip
        for path in ("/", "/login", "/api/jobs"):
            yield Attack(f"{name}: {value[:30]!r} at {path}", "GET", path, "stranger", {name: value})


def _bodies() -> Iterator[Attack]:
    deep = b'{"document_id":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for name, body in {
        "nothing": b"", "no JSON": b"{", "no text": b"\xff\xfe\x00", "a byte order mark": b"\xef\xbb\xbf{}",
        "depth": deep, "NaN": b'{"document_id":NaN}', "infinity": b'{"document_id":Infinity}', "a long number": b'{"document_id":' + b"9" * 6000 + b"}",
        "a fraction": b'{"document_id":1.5}', "text for a number": b'{"document_id":"1; drop table job"}', "true": b'{"document_id":true}',
        "a list": b"[]", "null": b"null", "half a character": b'{"document_id":1,"kind":"\\ud800"}', "an unknown name": b'{"document_id":1,"__proto__":{}}',
        "zero": b'{"document_id":0}', "a negative one": b'{"document_id":-1}', "a priority too high": b'{"document_id":1,"priority":1e9}',
        "size": b'{"document_id":1,"x":"' + b"a" * 400_000 + b'"}', "YAML": b"!!python/object/apply:os.system ['true']",
        "XML": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    }.items():  # fmt: skip
        yield Attack(
            f"an order that is {name}",
            "POST",
            "/api/jobs",
            "admin",
            {"Content-Type": JSON},
            body,
            frozenset({413, 422}),
        )
    order = json.dumps({"document_id": 1}).encode()
    for kind in (
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        FORM,
        "application/xml",
        "image/png",
        "a" * 500,
    ):
        yield Attack(
            f"an order as {kind[:40]}", "POST", "/api/jobs", "admin", {"Content-Type": kind}, order, frozenset({422})
        )
    packed = {"Content-Type": JSON, "Content-Encoding": "gzip"}
    yield Attack(
        "an order that is packed",
        "POST",
        "/api/jobs",
        "admin",
        packed,
        b"\x1f\x8b\x08\x00" + b"\0" * 50,
        frozenset({422}),
    )
    for name, body in {
        "thousands of fields": b"&".join(b"x%d=1" % n for n in range(5000)), "no text": b"username=%ff&password=\xff\xfe", "NUL": b"username=%00&password=%00",
        "a line end": b"username=anna%0d%0aX:%20y&password=x", "a very long name": b"username=" + b"a" * 100_000, "script": f"username={XSS_SENT}&password=x".encode(),
        "SQL": b"username=%27+or+1%3D1--&password=x", "half a character": b"username=%ed%a0%80&password=x", "size": b"username=a&password=" + b"b" * 400_000,
    }.items():  # fmt: skip
        yield Attack(
            f"a login with {name}",
            "POST",
            "/login",
            "stranger",
            {"Content-Type": FORM},
            body,
            frozenset({401, 413, 422, 429, 503}),
        )
    parts = b'--x\r\nContent-Disposition: form-data; name="username"; filename="../../x"\r\n\r\na\r\n--x--\r\n'
    for cut in (len(parts), 40, 5):
        sent = {"Content-Type": "multipart/form-data; boundary=x"}
        yield Attack(
            f"a login in parts, cut after {cut}",
            "POST",
            "/login",
            "stranger",
            sent,
            parts[:cut],
            frozenset({401, 422, 429, 503}),
        )


ATTACKS = [*sweeps(), *_paths(), *_targets(), *_headers(), *_bodies()]
for _method in ("TRACE", "CONNECT", "DELETE", "PATCH", "PROPFIND", "get", "OPTIONS", "HEAD"):
    ATTACKS += [
        Attack(f"{_method} at {path}", _method, path, "anna with token") for path in ("/", "/jobs/1", "/api/jobs/1")
    ]
