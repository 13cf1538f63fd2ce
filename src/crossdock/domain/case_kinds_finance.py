"""The kinds of case of settlements and books; `case_kinds.py` has all."""

from __future__ import annotations

from crossdock.domain.case import CaseKind, Owner

FINANCE_CASE_KINDS: tuple[CaseKind, ...] = (
    CaseKind(
        code="settlement.total_differs",
        owner=Owner.FINANCE,
        title="The rows of a settlement do not add up to its total",
        meaning=(
            "Amazon declares another total than the rows of its own file come to; the exact difference is in the facts. Nothing of the "
            "settlement is booked."
        ),
        first_step=(
            "Download the report once more from Seller Central and import it: most files that are off were cut or edited on their way. If "
            "Amazon's own is off, take the difference into suspense with `crossdock settlements accept`, and ask Amazon for the missing row."
        ),
        closes_when="a file of the settlement that adds up is imported, or the difference is accepted",
    ),
    CaseKind(
        code="settlement.changed",
        owner=Owner.FINANCE,
        title="A settlement that is booked came again with other rows",
        meaning=(
            "The same settlement id was given with other rows than those that are booked. What is booked stays as it is, and nothing of the new "
            "file is booked."
        ),
        first_step=(
            "Compare both files: the one that was booked comes from `crossdock settlements certificate`. A file that somebody edited is thrown "
            "away; if Amazon corrected it, book the difference in your ledger by hand and resolve the case."
        ),
        closes_when="a person resolves it",
        closed_by_run=False,
    ),
    CaseKind(
        code="settlement.foreign",
        owner=Owner.FINANCE,
        title="A settlement file seems to be another seller's",
        meaning=(
            "None of the orders in the file is known on this connection, though orders of the same time are. Nothing of it is booked."
        ),
        first_step=(
            "Check for which account the report was downloaded, and import it with its own `--connection`. If it is this account's after all, "
            "import it with `--any-seller`."
        ),
        closes_when="the settlement is booked",
    ),
    CaseKind(
        code="settlement.unreadable",
        owner=Owner.FINANCE,
        title="A settlement file cannot be read without guessing",
        meaning=(
            "The file is kept as it was received; line, column and text that leave a doubt are in the facts. Nothing of it is booked."
        ),
        first_step=(
            "Download the report once more and import it unopened: a spreadsheet that saved it changes numbers and dates. If the new file says the "
            "same, engineering reads the line in the facts."
        ),
        closes_when="the same report is read",
        closed_by_run=False,
    ),
    CaseKind(
        code="settlement.label_unknown",
        owner=Owner.FINANCE,
        title="Amazon names a kind of amount that no rule of the mapping fits",
        meaning=(
            "All rows with these three labels are booked to suspense, to the cent, and the settlement's certificate says so. Amazon renames and adds "
            "labels without notice."
        ),
        first_step=(
            "Find what it is in Seller Central (Payments, Transaction view), add a rule for it to your mapping, and rebook what is in "
            "suspense in your ledger; settlements from then on follow the rule."
        ),
        closes_when="a settlement with this label is booked by a rule",
        closed_by_run=False,
    ),
    CaseKind(
        code="settlement.sign_unexpected",
        owner=Owner.FINANCE,
        title="Rows of a settlement have the other sign than their label usually has",
        meaning="They are booked as they stand, never turned round. A fee that is given back looks like this, and so does a mistake of Amazon's.",
        first_step="Look at the rows from the line in the facts. If they are right, resolve the case; if not, ask Amazon in Seller Central.",
        closes_when="a person resolves it",
        closed_by_run=False,
    ),
    CaseKind(
        code="settlement.tax_differs",
        owner=Owner.FINANCE,
        title="Tax that Amazon remits does not cancel the tax it collected",
        meaning="Of the orders in the facts Amazon kept more or less tax for the state than it says the buyer paid. All of it is booked as it stands.",
        first_step="Compare the tax rows of the first order with its invoice; what is left is owed to the state or by Amazon.",
        closes_when="a person resolves it",
        closed_by_run=False,
    ),
    CaseKind(
        code="settlement.chain_broken",
        owner=Owner.FINANCE,
        title="A settlement takes over another balance than the one before handed on",
        meaning=(
            "The reserve or the debt at the end of the settlement before is not the one this begins with; what is left is in the facts. All "
            "of it is booked, so the balance account shows the same difference."
        ),
        first_step="Look whether a settlement between the two is missing in `crossdock settlements list`, and import it.",
        closes_when="a person resolves it",
        closed_by_run=False,
    ),
    CaseKind(
        code="settlement.gap",
        owner=Owner.FINANCE,
        title="A settlement is missing",
        meaning="Between two settlements of one account there is a stretch of time that none covers, or Amazon lists one that was never received.",
        first_step=(
            "Download the report of that time from Seller Central (Payments, Reports repository) and give it to `crossdock settlements import`. "
            "Amazon lists reports for 90 days only."
        ),
        closes_when="the settlement of that time is booked",
        closed_by_run=False,
    ),
)
