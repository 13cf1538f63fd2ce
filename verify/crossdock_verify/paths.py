"""What lies under the paths: certificates, exports and settlement files, told apart by name and first bytes."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crossdock_verify.certificate import Certificate, read_certificate
from crossdock_verify.evidence import StoredFile
from crossdock_verify.exports import HEAD, ExportedEntry, read_export, recognise
from crossdock_verify.faults import FORMAT, Failure, Unreadable
from crossdock_verify.file import read_blocks


@dataclass
class Found:
    """All that was found; `failures` are of files that cannot be read, by the name of the file."""

    certificates: list[Certificate] = field(default_factory=list)
    files: list[StoredFile] = field(default_factory=list)
    exports: dict[Path, list[ExportedEntry]] = field(default_factory=dict)
    failures: list[tuple[str, Failure]] = field(default_factory=list)


def find(paths: Iterable[Path]) -> Found:
    """Everything under these paths, each file once."""
    found = Found()
    for path in dict.fromkeys(inner.resolve() for given in paths for inner in _walk(given)):
        if path.suffix.lower() == ".json":
            _add_certificate(found, path)
        else:
            _add_file(found, path)
    return found


def file_of(certificate: Certificate, found: Found) -> StoredFile | None:
    """The file with the certificate's hash; else one of no certificate that bears its name or its settlement, and was changed."""
    claimed = certificate.fields["file"]
    for file in found.files:
        if file.sha256 == claimed["sha256"]:
            return file
    taken = {other.fields["file"]["sha256"] for other in found.certificates}
    files = [file for file in found.files if file.sha256 not in taken]
    for file in files:
        if claimed["name"] in (file.path.name, file.path.name.removesuffix(".gz")):
            return file
    return next((file for file in files if _is_of(file, certificate.settlement_id)), None)


def _walk(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for inner in sorted(path.rglob("*")):
        # What a file manager leaves behind is hidden, and is nobody's evidence.
        if inner.is_file() and not inner.name.startswith("."):
            yield inner


def _add_certificate(found: Found, path: Path) -> None:
    try:
        certificate = read_certificate(path)
    except (OSError, Unreadable) as problem:
        found.failures.append((path.name, Failure(FORMAT, str(problem))))
        return
    if all(other.sha256 != certificate.sha256 for other in found.certificates):  # a copy says nothing more
        found.certificates.append(certificate)


def _add_file(found: Found, path: Path) -> None:
    try:
        with path.open("rb") as opened:
            form = recognise(opened.read(HEAD))
        if form is not None:
            found.exports[path] = read_export(path, form)
            return
    except OSError as problem:
        found.failures.append((path.name, Failure(FORMAT, f"the file cannot be read: {str(problem)!a}")))
        return
    except Unreadable as problem:
        found.failures.append((path.name, Failure("E11", problem.message, problem.line, problem.text)))
        return
    found.files.append(_store(path))


def _store(path: Path) -> StoredFile:
    digest, size = hashlib.sha256(), 0
    try:
        for block in read_blocks(path):
            digest.update(block)
            size += len(block)
    except Unreadable as problem:
        return StoredFile(path, "", size, problem.message)
    return StoredFile(path, digest.hexdigest(), size)


def _is_of(file: StoredFile, settlement_id: str) -> bool:
    try:
        head = next(read_blocks(file.path), b"")
    except Unreadable:
        return False
    summary = head.split(b"\n", 2)[1:2]
    return bool(summary) and settlement_id.encode() in [cell.strip() for cell in summary[0].split(b"\t")]
