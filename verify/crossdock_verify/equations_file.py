"""The equations between a certificate and the settlement file: E1 to E6 and E10."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from crossdock_verify.amounts import digits_of
from crossdock_verify.certificate import Certificate
from crossdock_verify.derive import Derived, Posting, digest_lines
from crossdock_verify.evidence import Evidence
from crossdock_verify.faults import Failure, Unreadable
from crossdock_verify.fields import EntryFields, PostingFields
from crossdock_verify.times import certified_instant, moment

# Each row in turn is left out to find the one too many; the square of this many lines is hashed in a second or two.
_SEARCHED_MAX = 3000

Claim = tuple[EntryFields, PostingFields]


@dataclass(frozen=True)
class _Aspect:
    """What of a posting an equation compares."""

    equation: str
    of_posting: Callable[[Posting], str]
    of_claim: Callable[[EntryFields, PostingFields], str]


_BY_ACCOUNT = _Aspect("E4", lambda posting: posting.account, lambda _, claimed: claimed["account"])
_BY_MONTH = _Aspect("E5", lambda posting: posting.month, lambda entry, _: entry["month"])


def check_bytes(evidence: Evidence) -> Iterator[Failure]:
    """E1: the file has the size and hash that the certificate names."""
    claimed, file = evidence.certificate.fields["file"], evidence.file
    if file is None:
        return
    if file.problem:
        yield Failure("E1", file.problem)
    elif file.size != claimed["size"]:
        yield Failure("E1", f"the file has {file.size} bytes, the certificate says {claimed['size']}")
    elif file.sha256 != claimed["sha256"]:
        yield Failure("E1", f"the file has hash {file.sha256}, the certificate says {claimed['sha256']}")


def check_lines(evidence: Evidence) -> Iterator[Failure]:
    """E2: every line is header, summary, blank or row, and there are as many of each as it says."""
    derived = evidence.derived
    if derived is None:
        return
    yield from (problem for problem in derived.problems if problem.equation == "E2")
    reading = derived.reading
    if reading is None:
        return
    found = {
        "version": reading.version,
        "decimal_mark": reading.amounts.mark,
        "lines": reading.lines,
        "blank": reading.blank,
        "unpriced": reading.unpriced,
        "rows": reading.rows_read,
    }
    claimed: dict[str, object] = {**evidence.certificate.fields["file"]}
    for name, value in found.items():
        if claimed[name] != value:
            yield Failure("E2", f"{name} is {value!a} in the file, the certificate says {claimed[name]!a}")
    yield from _check_summary(evidence.certificate, reading.summary)


def _check_summary(certificate: Certificate, summary: dict[str, str]) -> Iterator[Failure]:
    claimed = certificate.fields["settlement"]
    text = "\t".join(summary.values())
    for name, column in (("settlement_id", "settlement-id"), ("currency", "currency")):
        said = {**claimed}[name]
        if summary[column] != said:
            message = f"{column} is {summary[column][:60]!a} in the file, the certificate says {said!a}"
            yield Failure("E2", message, 2, text)
    if claimed["digits"] != digits_of(claimed["currency"]):
        yield Failure("E2", f"{claimed['currency']} has not {claimed['digits']} digits", 2, text)
    for value, column in (
        (claimed["starts_at"], "settlement-start-date"),
        (claimed["ends_at"], "settlement-end-date"),
        (claimed["deposit_at"], "deposit-date"),
    ):
        try:
            said_at = moment(summary[column]) if summary[column] else None
            if said_at != (certified_instant(value) if value else None):
                message = f"{column} is {summary[column][:60]!a} in the file, the certificate says {value!a}"
                yield Failure("E2", message, 2, text)
        except Unreadable as problem:
            yield Failure("E2", f"{column}: {problem.message}", 2, text)


def check_total(evidence: Evidence) -> Iterator[Failure]:
    """E3: the rows and the accepted difference add up to the declared total."""
    derived, fields = evidence.derived, evidence.certificate.fields
    if derived is None or derived.reading is None or not derived.is_whole:
        return
    total, difference = derived.reading.total, fields["accepted_difference"]
    if total != fields["settlement"]["total"]:
        message = f"the file declares {total}, the certificate says {fields['settlement']['total']}"
        yield Failure("E3", message, 2, evidence.text_of(2))
    if derived.amount + difference["amount"] != total:
        message = (
            f"rows {derived.amount} and accepted difference {difference['amount']} are not the declared total {total}"
        )
        yield Failure("E3", message, 2, evidence.text_of(2))
    if bool(difference["amount"]) != bool(difference["reason"]):
        yield Failure("E3", "an accepted difference has a reason, and none has none")


def check_accounts(evidence: Evidence) -> Iterator[Failure]:
    """E4: each row's account follows from the charts."""
    derived, fields = evidence.derived, evidence.certificate.fields
    if derived is None:
        return
    yield from (problem for problem in derived.problems if problem.equation == "E4")
    if fields["order_mode"] != sorted(set(fields["order_mode"])):
        yield Failure("E4", "the orders in order mode are not sorted, or one stands twice")
    for order in sorted(derived.unseen_order_mode)[:1]:
        yield Failure("E4", f"{order[:60]!a} is in order mode and not in the file")
    yield from _compare(evidence, derived, _BY_ACCOUNT)


def check_months(evidence: Evidence) -> Iterator[Failure]:
    """E5: each row's month follows from the time zone."""
    if evidence.derived is not None:
        yield from _compare(evidence, evidence.derived, _BY_MONTH)


def check_postings(evidence: Evidence) -> Iterator[Failure]:
    """E6: postings are the sums of their rows, and each row is in exactly one."""
    derived = evidence.derived
    if derived is None:
        return
    pairs, unclaimed, unknown = _pair(evidence.certificate, derived)
    for posting, (_, claimed) in pairs:
        for name, value in (
            ("marketplace", posting.marketplace),
            ("treatment", posting.treatment),
            ("debit", posting.debit),
            ("rows", len(posting.lines)),
        ):
            said = {**claimed}[name]
            if said != value:
                message = f"{name} of {_name(posting)} is {value!a}, the certificate says {said!a}"
                yield Failure("E6", message, posting.lines[0], evidence.text_of(posting.lines[0]))
    for posting in unclaimed:
        line = _odd_line(posting, [claimed for _, claimed in unknown])
        message = f"the {len(posting.lines)} rows of {_name(posting)} are no posting of the certificate"
        yield Failure("E6", message, line, evidence.text_of(line))
    for entry, claimed in unknown:
        name = f"{claimed['account'][:60]!a} in entry {entry['number']}"
        yield Failure("E6", f"the rows of {name} are no posting of the file")
    for claimed in evidence.certificate.postings:
        if bool(claimed["rows"]) != bool(claimed["rows_sha256"]):
            yield Failure("E6", f"{claimed['account'][:60]!a}: rows have a hash, and none have none")


def check_orders(evidence: Evidence) -> Iterator[Failure]:
    """E10: orders and rest are all rows."""
    if evidence.derived is None:
        return
    claimed: dict[str, object] = {**evidence.certificate.fields["orders"]}
    for name, value in vars(evidence.derived.orders).items():
        if claimed[name] != value:
            yield Failure("E10", f"{name} of the orders is {value}, the certificate says {claimed[name]}")


def _pair(certificate: Certificate, derived: Derived) -> tuple[list[tuple[Posting, Claim]], list[Posting], list[Claim]]:
    """Postings that have the same rows; then those of the file alone, and those of the certificate alone.

    One line of V1 can be all the rows of several postings: among those the account says which is which.
    """
    claims: defaultdict[str, list[Claim]] = defaultdict(list)
    for entry in certificate.fields["entries"]:
        for claimed in entry["postings"]:
            if claimed["rows"] or claimed["rows_sha256"]:
                claims[claimed["rows_sha256"]].append((entry, claimed))
    pairs, later = [], []
    for posting in derived.postings:
        same = [claim for claim in claims[posting.rows_sha256] if claim[1]["account"] == posting.account]
        best = next((claim for claim in same if claim[1]["treatment"] == posting.treatment), same[0] if same else None)
        if best is None:
            later.append(posting)
        else:
            claims[posting.rows_sha256].remove(best)
            pairs.append((posting, best))
    unclaimed = []
    for posting in later:
        if claims[posting.rows_sha256]:
            pairs.append((posting, claims[posting.rows_sha256].pop(0)))
        else:
            unclaimed.append(posting)
    return pairs, unclaimed, [claim for rest in claims.values() for claim in rest]


def _compare(evidence: Evidence, derived: Derived, aspect: _Aspect) -> Iterator[Failure]:
    """Same rows must have the same account (or month); where rows differ, each account (or month) must have as many."""
    pairs, unclaimed, unknown = _pair(evidence.certificate, derived)
    for posting, claim in pairs:
        if aspect.of_posting(posting) != aspect.of_claim(*claim):
            line = posting.lines[0]
            message = f"rows of {_name(posting)} are booked as {aspect.of_claim(*claim)[:60]!a}"
            yield Failure(aspect.equation, message, line, evidence.text_of(line))
    found, said = Counter[str](), Counter[str]()
    for posting in unclaimed:
        found[aspect.of_posting(posting)] += len(posting.lines)
    for claim in unknown:
        said[aspect.of_claim(*claim)] += claim[1]["rows"]
    if found.total() != said.total():
        return  # a row too many or too few is E6's
    for posting in unclaimed:
        name = aspect.of_posting(posting)
        if found[name] > said[name]:
            line = _odd_line(posting, [claim[1] for claim in unknown if aspect.of_claim(*claim) == name])
            message = f"{found[name]} rows of {name[:60]!a} where the certificate has {said[name]}"
            yield Failure(aspect.equation, message, line, evidence.text_of(line))


def _odd_line(posting: Posting, claims: list[PostingFields]) -> int:
    """The line without which these are the rows that are claimed; else the first."""
    wanted = {claimed["rows_sha256"] for claimed in claims if claimed["rows"] == len(posting.lines) - 1}
    lines = list(posting.lines)
    if wanted and len(lines) <= _SEARCHED_MAX:
        for index, line in enumerate(lines):
            if digest_lines(lines[:index] + lines[index + 1 :]) in wanted:
                return line
    return lines[0]


def _name(posting: Posting) -> str:
    parts = (posting.account, posting.marketplace, posting.treatment, posting.month)
    return " ".join(ascii(part[:60]) for part in parts if part)
