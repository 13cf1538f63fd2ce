"""The verdict on all that was found: proven, failed, or incomplete, each with its reasons."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from crossdock_verify.certificate import Certificate
from crossdock_verify.derive import derive
from crossdock_verify.equations import EQUATIONS, Equation, check_all
from crossdock_verify.equations_books import SUSPENSE
from crossdock_verify.equations_chains import open_chain
from crossdock_verify.evidence import Evidence
from crossdock_verify.exports import ExportedEntry
from crossdock_verify.faults import FORMAT, Failure
from crossdock_verify.file import read_blocks
from crossdock_verify.paths import Found, file_of

# Nothing is known that leads to one of these; if a hostile certificate does, that is no proof, and no traceback either.
_UNFORESEEN = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)

_ENTRY_NAME = re.compile(r"[0-9]{6,20}-[0-9]{1,4}")  # an accrual, which no certificate has, is named otherwise


@dataclass(frozen=True)
class Finding:
    """Of which certificate (or file) and settlement, and what; a failure, or a reason why it is incomplete."""

    certificate: str
    settlement_id: str
    failure: Failure


@dataclass
class Report:
    """What came out."""

    checked: int = 0
    proven: list[Certificate] = field(default_factory=list)
    failed: list[Finding] = field(default_factory=list)
    incomplete: list[Finding] = field(default_factory=list)


def judge(found: Found, equations: Sequence[Equation] = EQUATIONS) -> Report:
    """Each certificate's first failure, or what is open, or that it is proven."""
    report = Report(failed=[Finding(name, "", failure) for name, failure in found.failures])
    exports: defaultdict[str, list[ExportedEntry]] = defaultdict(list)
    for entry in (entry for entries in found.exports.values() for entry in entries):
        exports[entry.name.rpartition("-")[0]].append(entry)
    unused = {file.path for file in found.files}
    for certificate in sorted(found.certificates, key=lambda it: (it.fields["connection"], it.fields["sequence"])):
        file = file_of(certificate, found)
        unused -= {file.path} if file else set()
        evidence = Evidence(certificate, file, None, found.certificates, exports[certificate.settlement_id])
        _judge_one(report, evidence, equations)
    settlements = {certificate.settlement_id for certificate in found.certificates}
    for path, entries in found.exports.items():
        strange = [entry.name for entry in entries if entry.name.rpartition("-")[0] not in settlements]
        named = [name for name in strange if _ENTRY_NAME.fullmatch(name)]
        if named or len(strange) == len(entries):
            message = (
                f"{named[0]!a} is of no certificate here" if named else "the export has no entry of a certificate here"
            )
            report.incomplete.append(Finding(path.name, "", Failure("E11", message)))
    for path in sorted(unused):
        message = "neither the settlement file of a certificate here, nor an export"
        report.incomplete.append(Finding(path.name, "", Failure("E1", message)))
    return report


def _judge_one(report: Report, evidence: Evidence, equations: Sequence[Equation]) -> None:
    certificate = evidence.certificate
    name, settlement_id = certificate.path.name, certificate.settlement_id
    report.checked += 1
    try:
        failure = _first_failure(evidence, equations)
    except _UNFORESEEN as error:
        failure = Failure(FORMAT, f"cannot be checked: {type(error).__name__} {str(error)[:200]!a}")
    if failure is not None:
        report.failed.append(Finding(name, settlement_id, failure))
        return
    open_ends = [Finding(name, settlement_id, reason) for reason in _open_ends(evidence)]
    report.incomplete += open_ends
    if not open_ends:
        report.proven.append(certificate)


def _first_failure(evidence: Evidence, equations: Sequence[Equation]) -> Failure | None:
    # A file with another hash is not read at all, unless the question is what the other equations would say.
    of_bytes = [equation for equation in equations if equation.name == "E1"]
    for failure in check_all(evidence, of_bytes):
        return failure
    if evidence.file is not None and not evidence.file.problem:
        derived = derive(evidence.certificate, read_blocks(evidence.file.path))
        evidence = replace(evidence, derived=derived)
    return next(check_all(evidence, [equation for equation in equations if equation.name != "E1"]), None)


def _open_ends(evidence: Evidence) -> Iterator[Failure]:
    fields = evidence.certificate.fields
    if evidence.file is None:
        yield Failure("E1", f"the settlement file {fields['file']['name'][:100]!a} is not here")
    if fields["accepted_difference"]["amount"]:
        reason = fields["accepted_difference"]["reason"][:100]
        yield Failure("E3", f"a difference of {fields['accepted_difference']['amount']} was accepted: {reason!a}")
    suspended = [posting for posting in evidence.certificate.postings if posting["account"] == SUSPENSE]
    if suspended:
        rows, amount = (sum(posting[name] for posting in suspended) for name in ("rows", "debit"))
        yield Failure("E4", f"{rows} rows are in suspense, {amount} in all")
    if fields["previous"] and evidence.by_hash(fields["previous"]) is None:
        yield Failure("E12", f"the certificate {fields['previous']} is not here")
    yield from open_chain(evidence)
    wanted = {
        f"{evidence.certificate.settlement_id}-{entry['number']}"
        for entry in fields["entries"]
        if any(posting["debit"] for posting in entry["postings"])
    }
    for form in sorted({entry.format for entry in evidence.exports}):
        missing = wanted - {entry.name for entry in evidence.exports if entry.format == form}
        for entry in sorted(missing)[:1]:
            yield Failure("E11", f"{entry!a} is in no {form} export here")
