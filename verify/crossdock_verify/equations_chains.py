"""The equation between a settlement and the one before it: what is brought forward, from where, and under which name (E9)."""

from collections.abc import Iterator

from crossdock_verify.certificate import Certificate
from crossdock_verify.chains import (
    candidates_before,
    certified_later,
    first_name,
    go_together,
    has_all_before,
    settlement_before,
)
from crossdock_verify.derive import CARRIED_OVER, RESERVE
from crossdock_verify.evidence import Evidence
from crossdock_verify.faults import Failure
from crossdock_verify.fields import ChainsFields, MovementFields


def check_chains(evidence: Evidence) -> Iterator[Failure]:
    """E9: reserves and debts follow from the settlement before."""
    certificate = evidence.certificate
    chains = certificate.fields["chains"]
    yield from _check_named(evidence)
    before = evidence.of_predecessor()
    name = before.fields["chains"]["name"] if before is not None else first_name(certificate)
    if (before is not None or not chains["predecessor"]) and chains["name"] != name:
        yield Failure("E9", f"the chain is {name[:100]!a}, the certificate says {chains['name'][:100]!a}")
    if before is None:
        everyone = [certificate, *evidence.of_connection()]
        later = certified_later(certificate, everyone)
        before = later if later and has_all_before(later.sequence, everyone) else None
    if before is not None:
        yield from _check_handed_on(certificate, before)
    for account, movement in _movements(chains):
        moved = sum(posting["debit"] for posting in certificate.postings if posting["account"] == account)
        if movement["moved"] != moved:
            yield Failure("E9", f"{account} moved by {moved}, the certificate says {movement['moved']}")
        if movement["after"] != movement["before"] + movement["moved"]:
            yield Failure("E9", f"{account}: {movement['before']} and {movement['moved']} are not {movement['after']}")
        brought = None if evidence.derived is None else evidence.derived.brought[account]
        if brought not in (None, movement["before"]):
            yield Failure("E9", f"{account}: rows bring forward {brought}, the certificate says {movement['before']}")


def open_chain(evidence: Evidence) -> Iterator[Failure]:
    """Why it cannot be known whether it follows from the settlement before; nothing where it can."""
    certificate = evidence.certificate
    everyone = [certificate, *evidence.of_connection()]
    chains = certificate.fields["chains"]
    later = certified_later(certificate, everyone)
    if chains["predecessor"] and evidence.of_predecessor() is None:
        yield Failure("E9", f"the certificate {chains['predecessor_certificate']} is not here")
    elif not has_all_before(later.sequence if later else certificate.sequence, everyone):
        yield Failure("E9", "a certificate with a smaller number is not here, so that another settlement may be before")
    elif not chains["predecessor"] and later is None and _skipped(evidence):
        yield Failure("E9", "an earlier settlement of the chain is here, and none is named as the one before")


def _check_named(evidence: Evidence) -> Iterator[Failure]:
    """The settlement before is the one that the rule gives; where a certificate is missing, it is one that the rule could give."""
    certificate, others = evidence.certificate, evidence.of_connection()
    chains = certificate.fields["chains"]
    if bool(chains["predecessor"]) != bool(chains["predecessor_certificate"]):
        yield Failure("E9", "a settlement before has a certificate, and none has none")
    for other in others:
        if other.settlement_id == chains["predecessor"] and other.sha256 != chains["predecessor_certificate"]:
            yield Failure("E9", f"the certificate of {other.settlement_id!a} has another hash than the one named")
    before = evidence.by_hash(chains["predecessor_certificate"])
    if before is not None and before.settlement_id != chains["predecessor"]:
        said = chains["predecessor"][:100]
        yield Failure("E9", f"the certificate before is of {before.settlement_id!a}, not of {said!a}")
    if has_all_before(certificate.sequence, others):
        by_rule = settlement_before(certificate, others)
        if (by_rule.settlement_id if by_rule else "") != chains["predecessor"]:
            expected = ascii(by_rule.settlement_id) if by_rule else "none"
            said = chains["predecessor"][:100]
            yield Failure("E9", f"the settlement before is {expected}, the certificate names {said!a}")
    elif before is not None and not (
        any(other is before for other in candidates_before(certificate, others)) and go_together(certificate, before)
    ):
        yield Failure("E9", f"{before.settlement_id!a} is not a settlement that this one can follow")


def _check_handed_on(certificate: Certificate, before: Certificate) -> Iterator[Failure]:
    pairs = zip(_movements(certificate.fields["chains"]), _movements(before.fields["chains"]), strict=True)
    for (account, here), (_, there) in pairs:
        if here["before"] != there["after"]:
            yield Failure("E9", f"{account} was {there['after']} in {before.settlement_id!a}, here {here['before']}")


def _movements(chains: ChainsFields) -> tuple[tuple[str, MovementFields], ...]:
    return (RESERVE, chains["reserve"]), (CARRIED_OVER, chains["carried_over"])


def _skipped(evidence: Evidence) -> bool:
    """Without a settlement before, what is brought forward would be believed, although it could be known."""
    certificate = evidence.certificate
    name, starts_at = certificate.fields["chains"]["name"], certificate.fields["settlement"]["starts_at"]
    return any(
        other.fields["chains"]["name"] == name and other.fields["settlement"]["ends_at"] <= starts_at
        for other in evidence.of_connection()
    )
