"""The twelve equations in their order; the list is data, so that each can be left out to see what only it finds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crossdock_verify import equations_books as books
from crossdock_verify import equations_chains as chains
from crossdock_verify import equations_file as file
from crossdock_verify.evidence import Check, Evidence
from crossdock_verify.faults import Failure


@dataclass(frozen=True)
class Equation:
    """One equation: its name, when it holds, and what finds that it does not."""

    name: str
    meaning: str
    check: Check


EQUATIONS = (
    Equation("E1", "the file has the size and hash that the certificate names", file.check_bytes),
    Equation("E2", "every line is header, summary, blank or row, and there are as many of each", file.check_lines),
    Equation("E3", "the rows and the accepted difference add up to the declared total", file.check_total),
    Equation("E4", "each row's account follows from the charts", file.check_accounts),
    Equation("E5", "each row's month follows from the time zone", file.check_months),
    Equation("E6", "postings are the sums of their rows, and each row is in exactly one", file.check_postings),
    Equation("E7", "each entry balances, and stands on its day", books.check_entries),
    Equation("E8", "the total is on its account, and what months hand on adds up", books.check_hand_over),
    Equation("E9", "reserves and debts follow from the settlement before", chains.check_chains),
    Equation("E10", "orders and rest are all rows", file.check_orders),
    Equation("E11", "an export has the entries' amounts and the certificate's mark", books.check_exports),
    Equation("E12", "certificates follow each other without a gap", books.check_sequence),
)


def check_all(evidence: Evidence, equations: Sequence[Equation] = EQUATIONS) -> Iterator[Failure]:
    """Each failure, in the order of the equations; the first is the one to look at."""
    for equation in equations:
        yield from equation.check(evidence)
