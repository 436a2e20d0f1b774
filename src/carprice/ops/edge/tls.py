"""The certificate at the edge: written for its start, and changed while it serves."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from carprice.errors import FileError, StackError
from carprice.ops.docker.env_file import read_env
from carprice.ops.docker.up_checks import read_id
from carprice.ops.edge.certificate import TLS, Certificate, load_certificate
from carprice.ops.stack_context import StackContext
from carprice.system.files import describe_access

SITE_FILE = Path("edge") / "run" / "tls" / "site.pem"
FILE_MODE = 0o640


def prepare_tls(context: StackContext) -> Certificate | None:
    """Write the certificate and key for the edge, where the settings name a folder of them.

    Raises StackError for one that is wrong, FileError where the file cannot be written.
    """
    folder = context.settings.tls_folder
    if folder is None:
        return None
    found = load_certificate(folder)
    known = {**read_env(context.env_file), **context.runner.environment}
    write_site(context.folder / SITE_FILE, found.pem, read_id(known, "APP_GID"))
    return found


def renew_certificate(context: StackContext) -> tuple[Certificate, bool]:
    """Give the edge the certificate of the settings' folder, without losing a connection; whether the edge runs.

    Raises StackError or FileError; what was served before is then served still.
    """
    found = prepare_tls(context)
    if found is None:
        raise StackError(
            f"{TLS} is not set, so the edge speaks no TLS",
            f"Name a folder in .env, then start the edge again: echo {TLS}=./tls >> .env",
        )
    try:
        context.edge.find_container()
    except StackError:
        return found, False
    context.edge.change_certificate(found.fingerprint)
    return found, True


def refresh_certificate(context: StackContext) -> None:
    """Let an edge that has run before have the certificate that prepare_tls wrote. Raises StackError."""
    if context.settings.tls_folder is None:
        return
    found = load_certificate(context.settings.tls_folder)
    if context.edge.read_fingerprint() not in ("", found.fingerprint):
        context.edge.change_certificate(found.fingerprint)


def write_site(path: Path, pem: bytes, gid: int) -> None:
    """Write key and chain whole or not at all, for the owner of the checkout and the group that the edge is in."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
            try:
                draft.write(pem)
                draft.flush()
                with suppress(PermissionError):  # no member of that group: the edge then says what it cannot read
                    os.fchown(draft.fileno(), -1, gid)
                os.fchmod(draft.fileno(), FILE_MODE)
                os.fsync(draft.fileno())
                Path(draft.name).replace(path)
            except BaseException:
                Path(draft.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise FileError(*describe_access(path, "written", error)) from None
