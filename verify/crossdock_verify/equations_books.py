"""The equations within the books: entries, what they hand on, the exports and the order of certificates (E7, E8, E11, E12)."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from crossdock_verify.derive import CARRIED_OVER
from crossdock_verify.evidence import Evidence
from crossdock_verify.faults import Failure
from crossdock_verify.fields import EntryFields
from crossdock_verify.times import last_day

BANK, UNSETTLED, SUSPENSE = "clearing.bank", "balance.unsettled", "suspense"
MONTH_PART, SETTLEMENT = "month_part", "settlement"


def check_entries(evidence: Evidence) -> Iterator[Failure]:
    """E7: each entry balances, and stands on its day."""
    certificate = evidence.certificate
    entries = certificate.fields["entries"]
    if [entry["number"] for entry in entries] != list(range(1, len(entries) + 1)):
        yield Failure("E7", "the entries are not numbered from 1")
    if any(entry["kind"] == SETTLEMENT for entry in entries[:-1]):
        yield Failure("E7", "an entry of the settlement is not the last")
    months = [entry["month"] for entry in entries if entry["kind"] == MONTH_PART]
    if months != sorted(set(months)):
        yield Failure("E7", "the parts of months are not in the order of months")
    end_on = certificate.ends_at.astimezone(certificate.zone).date()
    for entry in entries:
        yield from _check_entry(entry, end_on, certificate.fields["books"]["closed_until"])


def _check_entry(entry: EntryFields, end_on: date, closed_until: str) -> Iterator[Failure]:
    name = f"entry {entry['number']}"
    if not entry["postings"]:
        yield Failure("E7", f"{name} has no posting, and is left out then")
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
    handed_on, total = 0, fields["settlement"]["total"]
    at_the_end = {SUSPENSE: -fields["accepted_difference"]["amount"], BANK if total > 0 else CARRIED_OVER: total}
    for entry in fields["entries"]:
        if entry["kind"] == MONTH_PART:
            expected = {UNSETTLED: -sum(posting["debit"] for posting in entry["postings"] if posting["rows"])}
            handed_on += expected[UNSETTLED]
        else:
            expected = {UNSETTLED: -handed_on, **at_the_end}
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
    if all(entry["kind"] == MONTH_PART for entry in fields["entries"]):
        # The settlement's own entry is left out where nothing is to be written in it.
        for account, debit in {UNSETTLED: -handed_on, **at_the_end}.items():
            if debit:
                yield Failure("E8", f"no entry of the settlement has {debit} on {account}")


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
