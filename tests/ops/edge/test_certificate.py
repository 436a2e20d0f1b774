"""A folder of certificate and key: what is taken, and what each wrong one is called."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.ops.edge.certificates import HOST, Issued, issue, write_pair

from carprice.errors import StackError
from carprice.ops.doctor.checks.access import find_certificate_problems
from carprice.ops.doctor.snapshot import StackSnapshot
from carprice.ops.edge.certificate import load_certificate
from carprice.ops.edge.tls import write_site

ROOT = issue("root")
MIDDLE = issue("middle", ROOT)
SITE = issue("site", MIDDLE, host=HOST)
OTHER = issue("other", MIDDLE, host="other.example")
CHAIN = SITE.pem + MIDDLE.pem


def doctor(folder: Path) -> list[str]:
    return [
        finding.what
        for finding in find_certificate_problems(StackSnapshot("docker", folder, folder, folder, tls=folder))
    ]


@pytest.mark.parametrize("names", [("fullchain.pem", "privkey.pem"), ("tls.crt", "tls.key")])
@pytest.mark.parametrize("chain", [CHAIN, CHAIN + ROOT.pem], ids=["chain", "with root"])
def test_a_good_pair(tmp_path: Path, names: tuple[str, str], chain: bytes) -> None:
    write_pair(tmp_path, chain, SITE.key_pem(), names)
    found = load_certificate(tmp_path)
    assert found.names == (HOST,)
    assert found.days_left(datetime.now(UTC)) in (89, 90)
    assert found.pem == SITE.key_pem() + chain
    assert not found.is_alone
    assert doctor(tmp_path) == []


def test_one_that_issued_itself(tmp_path: Path) -> None:
    own = issue("site", host=HOST)
    write_pair(tmp_path, own.pem, own.key_pem())
    assert not load_certificate(tmp_path).is_alone


def test_what_the_doctor_says_of_a_good_pair(tmp_path: Path) -> None:
    soon = issue("site", MIDDLE, days=29.5, host=HOST)
    write_pair(tmp_path, soon.pem, soon.key_pem())
    assert doctor(tmp_path) == ["The certificate ends in 29 days", "The certificate has no chain"]


BAD: list[tuple[Callable[[Path], None], str]] = [
    (lambda path: None, "should have fullchain.pem and privkey.pem, or tls.crt and tls.key"),
    (lambda path: write_pair(path, CHAIN, OTHER.key_pem()), "privkey.pem: is not the key of fullchain.pem"),
    (
        lambda path: write_pair(path, MIDDLE.pem + SITE.pem, SITE.key_pem()),
        "the service's own certificate should be the first (it is number 2)",
    ),
    (
        lambda path: write_pair(path, SITE.pem + ROOT.pem, SITE.key_pem()),
        "certificate 1 (CN=site) was issued by CN=middle, and certificate 2 is CN=root",
    ),
    (lambda path: write_pair(path, CHAIN, SITE.key_pem(b"secret")), "in PEM without a password"),
    (lambda path: write_pair(path, CHAIN, CHAIN), "in PEM without a password"),
    (
        lambda path: write_pair(path, b"", SITE.key_pem()),
        "should have certificates in PEM, the service's own first",
    ),
    (lambda path: write_pair(path, SITE.key_pem(), SITE.key_pem()), "should have certificates in PEM"),
    (lambda path: write_pair(path, CHAIN[:200], SITE.key_pem()), "should have certificates in PEM"),
    (lambda path: write_one(path, issue("site", days=-0.1, begins=-3, host=HOST)), "fullchain.pem: ended on 20"),
    (lambda path: write_one(path, issue("site", begins=2, host=HOST)), "which is to come"),
    (lambda path: write_one(path, issue("site")), "names no host (subjectAltName)"),
    (lambda path: (path / "fullchain.pem").write_bytes(CHAIN) and None, "privkey.pem: cannot be read"),
]


def write_one(path: Path, issued: Issued) -> None:
    write_pair(path, issued.pem, issued.key_pem())


@pytest.mark.parametrize(("make", "message"), BAD, ids=[message[:30] for _, message in BAD])
def test_wrong_ones(tmp_path: Path, make: Callable[[Path], None], message: str) -> None:
    make(tmp_path)
    with pytest.raises(StackError) as found:
        load_certificate(tmp_path)
    assert message in found.value.what
    assert doctor(tmp_path) == ["The certificate cannot be used"]


def test_more_than_the_edge_takes_at_once(tmp_path: Path) -> None:
    issuers = [issue("0")]
    for number in range(1, 45):
        issuers.append(issue(str(number), issuers[-1]))
    site = issue("site", issuers[-1], host=HOST)
    write_pair(tmp_path, site.pem + b"".join(each.pem for each in reversed(issuers)), site.key_pem())
    with pytest.raises(StackError, match=r"the edge takes 15,000"):
        load_certificate(tmp_path)


def test_the_file_for_the_edge_is_not_for_everybody(tmp_path: Path) -> None:
    path = tmp_path / "tls" / "site.pem"
    write_site(path, b"one", tmp_path.stat().st_gid)
    write_site(path, b"two", tmp_path.stat().st_gid)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(path.parent.iterdir()) == [path]
