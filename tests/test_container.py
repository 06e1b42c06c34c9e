"""The image and the compose file, as far as they can be checked without a container engine."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

import sidecar

ROOT = Path(__file__).parent.parent
EVERYWHERE = "0.0.0.0"  # noqa: S104 - as the image has it
#: What the image sets for Python, the C library and the programs it starts; the sidecar itself reads none of them.
NOT_SETTINGS = {
    "PATH",
    "HOME",
    "PYTHONUNBUFFERED",
    "PYTHONDONTWRITEBYTECODE",
    "OMP_THREAD_LIMIT",
    "MALLOC_ARENA_MAX",
    "PIP_NO_CACHE_DIR",
    "PIP_DISABLE_PIP_VERSION_CHECK",
}


def dockerfile() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions in order: name and the rest, continued lines joined."""
    lines = [
        line for line in (ROOT / "Dockerfile").read_text().splitlines() if line and not line.lstrip().startswith("#")
    ]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined)]


def final_stage() -> list[tuple[str, str]]:
    instructions = dockerfile()
    last_from = max(index for index, (name, _) in enumerate(instructions) if name == "FROM")
    return instructions[last_from:]


def only(name: str) -> str:
    """Return what the one instruction of this name in the final stage says."""
    found = [rest for instruction, rest in final_stage() if instruction == name]
    assert len(found) == 1, f"{name} stands {len(found)} times in the final stage"
    return found[0]


def copied_from_the_tree() -> list[str]:
    copies = [rest.split() for name, rest in dockerfile() if name == "COPY" and "--from=" not in rest]
    return [source for *sources, _ in copies for source in sources]


def tree(*paths: str) -> set[str]:
    """Return the files of the project that git knows or would take, under `paths`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def trial() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.trial.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any], trial: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Everything that is the sidecar, in both files."""
    return {
        "sidecar": compose["services"]["sidecar"],
        "replica": compose["services"]["replica"],
        "trial": trial["services"]["sidecar"],
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT],
        check=True,
        timeout=120,
    )
    (built,) = folder.glob("paperless_sidecar-*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("source", copied_from_the_tree())
def test_what_the_image_copies_is_in_git_and_not_ignored_by_docker(source: str) -> None:
    assert tree(source)
    assert f"!{source}" in (ROOT / ".dockerignore").read_text().splitlines()


def test_docker_sees_nothing_that_is_not_named() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied_from_the_tree())


def test_every_stage_starts_from_a_python_pinned_to_its_patch_release() -> None:
    images = [rest.partition("=")[2] for name, rest in dockerfile() if name == "ARG" and "IMAGE" in rest]
    stages = [rest for name, rest in dockerfile() if name == "FROM"]
    assert all(re.match(r"\$\{PYTHON_IMAGE\}|node:\d+\.\d+\.\d+-\S+ AS tessdata$", rest) for rest in stages)
    assert len(images) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-bookworm(@sha256:[0-9a-f]{64})?", images[0])


def test_every_package_from_outside_is_installed_by_its_hash() -> None:
    installs = re.findall(r"pip install .*?(?= &&|$)", "\n".join(rest for _, rest in dockerfile()), re.MULTILINE)
    assert len(installs) == 3
    assert all("--require-hashes" in install or "--no-deps /wheels/" in install for install in installs)


def test_the_program_itself_is_process_1_and_gets_the_stop_signal() -> None:
    assert json.loads(only("ENTRYPOINT")) == ["sidecar"]
    assert json.loads(only("CMD")) == ["run"]
    assert only("STOPSIGNAL") == "SIGTERM"


def test_the_image_runs_as_a_user_without_rights() -> None:
    assert only("USER") == "10001:10001"
    after_user = final_stage()[[name for name, _ in final_stage()].index("USER") :]
    assert "RUN" not in {name for name, _ in after_user}


@pytest.mark.parametrize(("age_s", "well"), [(5, True), (100, True), (400, False), (None, False)])
def test_the_image_is_healthy_while_the_file_alive_is_young(tmp_path: Path, age_s: int | None, well: bool) -> None:
    if age_s is not None:
        alive = tmp_path / "alive"
        alive.touch()
        touched_at = alive.stat().st_mtime - age_s
        os.utime(alive, (touched_at, touched_at))
    assert health(DATA_DIR=str(tmp_path), WEB_PORT="0") is well


@pytest.mark.parametrize(("answer", "well"), [(b"HTTP/1.1 200 OK", True), (b"HTTP/1.1 500 No", False), (b"", False)])
def test_the_image_is_healthy_while_the_dashboard_answers(tmp_path: Path, answer: bytes, well: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        asked: list[bytes] = []

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                asked.append(connection.recv(1000))
                connection.sendall(answer + b"\r\n\r\n" if answer else b"")

        server = threading.Thread(target=serve)
        server.start()
        found = health(DATA_DIR=str(tmp_path), WEB_PORT=str(port), WEB_HOST=EVERYWHERE)
        server.join(20)
    assert found is well
    assert asked[0].startswith(b"HEAD /healthz HTTP/1.0\r\n")
    assert not health(DATA_DIR=str(tmp_path), WEB_PORT=str(port), WEB_HOST=EVERYWHERE), "nobody listens any more"


def health(**environment: str) -> bool:
    """Run the image's health check."""
    command = only("HEALTHCHECK").partition(" CMD ")[2]
    return subprocess.run(["sh", "-c", command], env={**os.environ, **environment}, check=False).returncode == 0


@pytest.mark.parametrize("name", ["sidecar", "replica", "trial"])
def test_the_sidecar_is_locked_down(services: dict[str, dict[str, Any]], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert service["init"] is True
    assert service["tmpfs"][0].startswith("/tmp:")
    assert {"mem_limit", "cpus", "pids_limit", "stop_grace_period"} <= set(service)
    places = service.get("volumes", []) + service["tmpfs"]
    assert any(":/data" in place or place.startswith("/data:") for place in places)
    assert not {"privileged", "user", "healthcheck", "entrypoint", "command"} & set(service)


def test_secrets_come_as_files_and_never_as_values(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services["sidecar"]["secrets"]) == {"paperless_token", "openai_api_key"}
    assert set(services["replica"]["secrets"]) == set(compose["secrets"])
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())
    for name in ("sidecar", "replica"):
        environment = services[name]["environment"]
        assert not {"PAPERLESS_TOKEN", "OPENAI_API_KEY", "DATABASE_URL"} & set(environment)


def test_the_trial_brings_its_token_as_a_file(trial: dict[str, Any]) -> None:
    environment = trial["services"]["sidecar"]["environment"]
    assert environment["PAPERLESS_TOKEN_FILE"] == "/run/trial/paperless_token"
    assert environment["OPENAI_API_KEY"] == "${OPENAI_API_KEY:-}"
    assert "env_file" not in trial["services"]["sidecar"], "a token in .env belongs to another Paperless"


def test_replicas_share_nothing_but_the_database(compose: dict[str, Any]) -> None:
    replica = compose["services"]["replica"]
    assert "volumes" not in replica
    assert "container_name" not in replica
    assert "ports" not in replica
    assert "database_url" in replica["secrets"]


def test_without_a_profile_only_the_sidecar_starts(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if "profiles" not in service] == ["sidecar"]
    assert services["replica"]["profiles"] == ["replicas"]


def test_the_trial_brings_everything_it_waits_for_and_opens_no_port_to_others(trial: dict[str, Any]) -> None:
    services = trial["services"]
    for service in services.values():
        for needed, how in service.get("depends_on", {}).items():
            is_once = services[needed].get("restart") == "no"
            assert how["condition"] == ("service_completed_successfully" if is_once else "service_healthy")
            assert is_once or "healthcheck" in services[needed]
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)


#: What the compose specification knows, as far as these files use it: the keys of a service and the types of values.
SERVICE: dict[str, tuple[type, ...]] = {
    "image": (str,), "build": (str, dict), "restart": (str,), "env_file": (list, str), "environment": (dict,),
    "secrets": (list,), "ports": (list,), "volumes": (list,), "networks": (list,), "profiles": (list,),
    "depends_on": (dict,), "healthcheck": (dict,), "entrypoint": (list, str), "command": (list, str),
    "read_only": (bool,), "tmpfs": (list,), "cap_drop": (list,), "security_opt": (list,), "init": (bool,),
    "pids_limit": (int,), "mem_limit": (str,), "cpus": (str, float), "stop_grace_period": (str,), "logging": (dict,),
    "extra_hosts": (list,),
}  # fmt: skip
HEALTH = {"test", "interval", "timeout", "retries", "start_period"}


@pytest.mark.parametrize("name", ["compose", "trial"])
def test_both_files_keep_to_the_compose_specification(name: str, request: pytest.FixtureRequest) -> None:
    file: dict[str, Any] = request.getfixturevalue(name)
    tops = {key for key in file if not key.startswith("x-")}
    assert tops <= {"name", "services", "networks", "volumes", "secrets"}
    for service in file["services"].values():
        for key, value in service.items():
            assert isinstance(value, SERVICE[key]), f"{key} is not to be {value!r}"
        assert set(service.get("healthcheck", ())) <= HEALTH
        assert all(isinstance(value, str | int) for value in service.get("environment", {}).values())
        assert all(re.fullmatch(r"(127\.0\.0\.1:)?\d+:\d+", port) for port in service.get("ports", ()))


@pytest.mark.parametrize("name", ["compose", "trial"])
def test_every_volume_and_network_that_is_used_is_declared(name: str, request: pytest.FixtureRequest) -> None:
    file = request.getfixturevalue(name)
    services = file["services"].values()
    volumes = {volume.partition(":")[0] for service in services for volume in service.get("volumes", ())}
    assert volumes == set(file["volumes"])
    used = {network for service in services for network in service.get("networks", ())}
    assert used == set(file.get("networks", ()))


def test_every_image_is_pinned_to_a_version(compose: dict[str, Any], trial: dict[str, Any]) -> None:
    images = [service["image"] for file in (compose, trial) for service in file["services"].values()]
    assert all(re.search(r":\d+\.\d+\.\d+", image) for image in images)
    ours = {image for image in images if "sidecar" in image}
    assert ours == {f"paperless-sidecar:{sidecar.__version__}"}


def test_every_setting_named_for_the_container_is_explained_in_the_example(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    explained = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    named = {secret.upper() for secret in compose["secrets"]}
    for service in services.values():
        named |= {key.removesuffix("_FILE") for key in service["environment"]}
    for instruction, rest in final_stage():
        if instruction == "ENV":
            named |= set(re.findall(r"(?:^|\s)([A-Z_]+)=", rest))
    assert named - NOT_SETTINGS - explained == set()


def test_the_wheel_holds_the_whole_program_and_nothing_else(wheel: set[str]) -> None:
    code = {name for name in tree("sidecar") if "/__pycache__/" not in name}
    prompts = {f"sidecar/{name}" for name in tree("prompts")}
    assert {name for name in wheel if ".dist-info/" not in name} == code | prompts


def test_the_wheel_holds_prompts_migrations_and_the_licence(wheel: set[str]) -> None:
    assert [name for name in wheel if re.fullmatch(r"sidecar/prompts/[\w.-]+\.j2", name)]
    assert [name for name in wheel if re.fullmatch(r"sidecar/store/migrations/versions/v\d+_\w+\.py", name)]
    assert [name for name in wheel if name.endswith(".dist-info/licenses/LICENSE")]
    assert not [name for name in wheel if re.search(r"(^|[/_])tests?[/_.]", name.lower())]
