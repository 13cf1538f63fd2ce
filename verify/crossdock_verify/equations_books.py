"""The equations within the books: entries, what they hand on, the chains, the exports and the order of certificates (E7 to E9, E11, E12)."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from crossdock_verify.certificate import Certificate
from crossdock_verify.derive import CARRIED_OVER, RESERVE
from crossdock_verify.evidence import Evidence
from crossdock_verify.faults import Failure
from crossdock_verify.fields import EntryFields, MovementFields
from crossdock_verify.times import last_day

BANK, UNSETTLED, SUSPENSE = "clearing.bank", "balance.unsettled", "suspense"
MONTH_PART, SETTLEMENT = "month_part", "settlement"


def check_entries(evidence: Evidence) -> Iterator[Failure]:
    """E7: each entry balances, and stands on its day."""
    certificate = evidence.certificate
    entries = certificate.fields["entries"]
    if [entry["number"] for entry in entries] != list(range(1, len(entries) + 1)):
        yield Failure("E7", "the entries are not numbered from 1")
    if [entry["kind"] for entry in entries] != [MONTH_PART] * (len(entries) - 1) + [SETTLEMENT]:
        yield Failure("E7", "the last entry, and only the last, is the settlement's")
    months = [entry["month"] for entry in entries[:-1]]
    if months != sorted(set(months)):
        yield Failure("E7", "the parts of months are not in the order of months")
    end_on = certificate.ends_at.astimezone(certificate.zone).date()
    for entry in entries:
        yield from _check_entry(entry, end_on, certificate.fields["books"]["closed_until"])


def _check_entry(entry: EntryFields, end_on: date, closed_until: str) -> Iterator[Failure]:
    name = f"entry {entry['number']}"
    balance = sum(posting["debit"] for posting in entry["postings"])
    if balance:
        yield Failure("E7", f"{name}: debits and credits differ by {balance}")
    month = date.fromisoformat(entry["month"])
    if (month == end_on.replace(day=1)) != (entry["kind"] == SETTLEMENT):
        yield Failure("E7", f"{name}: {entry['month']} and {entry['kind']} do not go together")
    on = end_on if entry["kind"] == SETTLEMENT else last_day(month)
    if closed_until:
        on = max(on, date.fromisoformat(closed_until) + timedelta(days=1))
    if entry["on"] != on.isoformat():
        yield Failure("E7", f"{name} is on {entry['on']} and not on {on.isoformat()}")


def check_hand_over(evidence: Evidence) -> Iterator[Failure]:
    """E8: the total is on `clearing.bank` or `balance.carried_over`, and what months hand on adds up."""
    fields = evidence.certificate.fields
    handed_on = 0
    for entry in fields["entries"]:
        expected = {}
        if entry["kind"] == MONTH_PART:
            expected[UNSETTLED] = -sum(posting["debit"] for posting in entry["postings"] if posting["rows"])
            handed_on += expected[UNSETTLED]
        else:
            total = fields["settlement"]["total"]
            expected[UNSETTLED] = -handed_on
            expected[SUSPENSE] = -fields["accepted_difference"]["amount"]
            expected[BANK if total > 0 else CARRIED_OVER] = total
        wanted = Counter((account, "", "", debit) for account, debit in expected.items() if debit)
        found = Counter(
            (posting["account"], posting["marketplace"], posting["treatment"], posting["debit"])
            for posting in entry["postings"]
            if not posting["rows"]
        )
        for account, *_, debit in wanted - found:
            yield Failure("E8", f"entry {entry['number']} has no {debit} on {account}")
        for account, *_, debit in found - wanted:
            yield Failure("E8", f"entry {entry['number']} has {debit} on {account[:60]!a}, which nothing says")


def check_chains(evidence: Evidence) -> Iterator[Failure]:
    """E9: reserves and debts follow from the settlement before."""
    certificate = evidence.certificate
    chains = certificate.fields["chains"]
    if bool(chains["predecessor"]) != bool(chains["predecessor_certificate"]):
        yield Failure("E9", "a settlement before has a certificate, and none has none")
    yield from _check_named(evidence)
    before = evidence.by_hash(chains["predecessor_certificate"])
    if before is not None:
        yield from _check_predecessor(certificate, before)
    for account, movement in ((RESERVE, chains["reserve"]), (CARRIED_OVER, chains["carried_over"])):
        moved = sum(posting["debit"] for posting in certificate.postings if posting["account"] == account)
        if movement["moved"] != moved:
            yield Failure("E9", f"{account} moved by {moved}, the certificate says {movement['moved']}")
        if movement["after"] != movement["before"] + movement["moved"]:
            yield Failure("E9", f"{account}: {movement['before']} and {movement['moved']} are not {movement['after']}")
        brought = None if evidence.derived is None else evidence.derived.brought[account]
        if brought not in (None, movement["before"]):
            yield Failure("E9", f"{account}: rows bring forward {brought}, the certificate says {movement['before']}")


def _check_named(evidence: Evidence) -> Iterator[Failure]:
    """The settlement before is named by the hash of its certificate, and by one settlement only, else its balance counts twice."""
    certificate = evidence.certificate
    chains = certificate.fields["chains"]
    for other in evidence.of_connection():
        named = other.fields["chains"]["predecessor_certificate"]
        if named and named == chains["predecessor_certificate"]:
            yield Failure("E9", f"{other.path.name!a} follows on the same settlement")
        if other.settlement_id == chains["predecessor"] and other.sha256 != chains["predecessor_certificate"]:
            yield Failure("E9", f"the certificate of {other.settlement_id!a} has another hash than the one named")


def _check_predecessor(certificate: Certificate, before: Certificate) -> Iterator[Failure]:
    mine, theirs = certificate.fields["chains"], before.fields["chains"]
    if before.settlement_id != mine["predecessor"]:
        yield Failure(
            "E9", f"the certificate before is of {before.settlement_id!a}, not of {mine['predecessor'][:100]!a}"
        )
    if (theirs["name"], before.fields["connection"]) != (mine["name"], certificate.fields["connection"]):
        yield Failure("E9", "the settlement before is of another chain")
    if before.fields["settlement"]["currency"] != certificate.fields["settlement"]["currency"]:
        yield Failure("E9", "the settlement before is in another currency")
    pairs: tuple[tuple[str, MovementFields, MovementFields], ...] = (
        (RESERVE, mine["reserve"], theirs["reserve"]),
        (CARRIED_OVER, mine["carried_over"], theirs["carried_over"]),
    )
    for account, here, there in pairs:
        if here["before"] != there["after"]:
            yield Failure("E9", f"{account} was {there['after']} in {before.settlement_id!a}, here {here['before']}")


def check_exports(evidence: Evidence) -> Iterator[Failure]:
    """E11: an export has the entries' amounts and the certificate's mark."""
    certificate = evidence.certificate
    entries = {f"{certificate.settlement_id}-{entry['number']}": entry for entry in certificate.fields["entries"]}
    for exported in evidence.exports:
        name = f"{exported.name!a} in {exported.path.name!a}"
        entry = entries.get(exported.name)
        if entry is None:
            yield Failure("E11", f"{name} is no entry of the certificate", exported.line, exported.text)
            continue
        if any(certificate.mark not in memo for memo in exported.memos):
            yield Failure("E11", f"{name} has not the mark {certificate.mark}", exported.line, exported.text)
        wanted = [posting["debit"] for posting in entry["postings"] if posting["debit"]]
        found = exported.amounts(certificate.fields["settlement"]["digits"])
        if found != wanted:
            differs = (index for index, pair in enumerate(zip(found, wanted, strict=False)) if pair[0] != pair[1])
            index = next(differs, min(len(found), len(wanted)))
            sides = [ascii(side[index]) if index < len(side) else "nothing" for side in (found, wanted)]
            message = f"{name}, amount {index + 1}: {sides[0]} in the export, {sides[1]} in the certificate"
            yield Failure("E11", message, exported.line, exported.text)
        if any(currency != certificate.fields["settlement"]["currency"] for currency in exported.currencies):
            yield Failure("E11", f"{name} is in another currency", exported.line, exported.text)


def check_sequence(evidence: Evidence) -> Iterator[Failure]:
    """E12: certificates follow each other without a gap."""
    fields = evidence.certificate.fields
    if fields["sequence"] < 1 or (fields["sequence"] == 1) != (fields["previous"] == ""):
        yield Failure("E12", "the first certificate is number 1 and has none before, and no other")
    for other in evidence.of_connection():
        if other.fields["sequence"] == fields["sequence"]:
            yield Failure("E12", f"{other.path.name!a} has the number {fields['sequence']} too")
        if other.settlement_id == evidence.certificate.settlement_id:
            yield Failure("E12", f"{other.path.name!a} is of the same settlement")
        if (
            fields["previous"]
            and other.fields["sequence"] == fields["sequence"] - 1
            and other.sha256 != fields["previous"]
        ):
            yield Failure("E12", f"number {fields['sequence'] - 1} has hash {other.sha256}, not {fields['previous']}")
    before = evidence.by_hash(fields["previous"])
    if before is not None:
        if before.fields["sequence"] != fields["sequence"] - 1:
            yield Failure("E12", f"the certificate before has number {before.fields['sequence']}")
        if before.fields["connection"] != fields["connection"]:
            yield Failure("E12", "the certificate before is of another connection")
