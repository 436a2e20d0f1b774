"""Rates and certificates at the edge: what is asked, written, and read back; the stack's own key on the way."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.ops.edge.test_haproxy import answer_with
from tests.ops.world import World

from carprice.access.internal_key import INTERNAL_FILE, ensure_internal_key, read_internal_key
from carprice.access.keys import add_key, read_keys, revoke_key
from carprice.errors import StackError
from carprice.names import API, CANDIDATE
from carprice.ops.docker import argv
from carprice.ops.docker.containers import list_containers
from carprice.ops.edge import haproxy as edge_module
from carprice.ops.edge.haproxy import Edge
from carprice.ops.edge.rates import RATES_FILE, prepare_keys, publish_rate
from carprice.ops.local.services import build_services
from carprice.ops.local.stack import start_stack
from carprice.ops.stack_context import StackContext
from carprice.settings import Settings

PRINT = "AB12"


@pytest.fixture
def edge(world: World, monkeypatch: pytest.MonkeyPatch) -> Edge:
    monkeypatch.setattr(edge_module, "RESTART_SECONDS", 0.2)
    return world.context().edge


@pytest.fixture
def keyed(world: World) -> StackContext:
    """The stack with keys on."""
    context = world.context()
    return replace(context, settings=replace(context.settings, stack_dir=world.folder, api_keys="./keys"))


def test_without_the_setting_nothing_is_prepared(world: World) -> None:
    prepare_keys(world.context())
    assert not list(world.folder.rglob(INTERNAL_FILE))
    assert not (world.folder / RATES_FILE).exists()


def test_replicas_alone_are_asked_with_the_stacks_own_key(keyed: StackContext) -> None:
    prepare_keys(keyed)
    secret = read_internal_key(keyed.folder / "var")
    assert secret
    for container in list_containers(keyed.runner):
        assert container.address.key == (secret if container.service in (API, CANDIDATE) else "")
        assert secret not in repr(container)


def test_the_local_stack_too(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path, logs_dir=tmp_path)
    secret = ensure_internal_key(tmp_path, tmp_path / "keys")
    keys = {service.name: service.address.key for service in build_services(settings)}
    assert keys == {"mlflow-server": "", "car-price-api": secret}


def test_rates_are_written_for_the_next_start_of_the_edge(
    keyed: StackContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(Edge, "set_rate", lambda _, key, limits: told.append((key, limits)))
    folder = keyed.settings.api_keys_folder
    assert folder
    _, slow = add_key(folder, "slow", ["price"], "5/s")
    _, daily = add_key(folder, "daily", ["price"], "100/day")
    add_key(folder, "free", ["price"])
    publish_rate(keyed, slow, read_keys(folder))
    rows = {slow.sha256.upper(): "5:0", daily.sha256.upper(): "0:100"}
    assert (keyed.folder / RATES_FILE).read_text() == "".join(f"{key} {limits}\n" for key, limits in rows.items())
    for name in ("slow", "daily"):
        revoke_key(folder, name)
    publish_rate(keyed, slow, read_keys(folder))
    assert (keyed.folder / RATES_FILE).read_text() == ""
    assert told == [(slow.sha256.upper(), "5:0"), (slow.sha256.upper(), "")]


@pytest.mark.parametrize(
    ("limits", "answer", "is_good"),
    [
        ("5:0", 'type=str, found=yes, key="A", value="5:0"', True),
        ("5:0", 'type=str, found=yes, key="A", value="5:00"', False),
        ("5:0", "type=str, found=no", False),
        ("", "entry not found.\n\ntype=str, found=no", True),
        ("", 'found=yes, value="5:0"', False),
        ("5:0", "Permission denied", False),
    ],
)
def test_a_rate_is_read_back(
    edge: Edge, world: World, monkeypatch: pytest.MonkeyPatch, limits: str, answer: str, is_good: bool
) -> None:
    answer_with(world, monkeypatch, answer)
    if is_good:
        edge.set_rate("A", limits)
    else:
        with pytest.raises(StackError, match="The edge should take the key's rate"):
            edge.set_rate("A", limits)


def test_a_certificate_is_read_back(edge: Edge, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(world, monkeypatch, f"Success!\n\nSerial: 1\nSHA1 FingerPrint: {PRINT}\nSubject: /CN=a\n")
    edge.change_certificate(PRINT)
    assert edge.read_fingerprint() == PRINT
    with pytest.raises(StackError, match="The edge does not take the certificate"):
        edge.change_certificate("CD34")
    answer_with(world, monkeypatch, "Can't display the certificate: Not found or the certificate is a bundle!")
    assert edge.read_fingerprint() == ""


def test_the_key_of_a_certificate_is_in_no_command() -> None:
    words = argv.edge_certificate("e1", "/run/site.pem")
    assert words[:6] == ["docker", "container", "exec", "e1", "bash", "-c"]
    assert words[7:] == ["/run/site.pem"]
    assert 'cat "$0"' in words[6]


def test_the_local_stack_has_no_tls(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="CARPRICE_TLS is set, and the local stack has no edge that speaks TLS"):
        start_stack(Settings(var_dir=tmp_path, logs_dir=tmp_path, tls="./tls"), print)
