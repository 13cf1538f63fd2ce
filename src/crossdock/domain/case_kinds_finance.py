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
        by_person=True,
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
        closes_when="a person resolves it",
        closed_by_run=False,
        by_person=True,
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
        closes_when="a settlement with this label is booked by a rule, or a person resolves it",
        closed_by_run=False,
        by_person=True,
    ),
    CaseKind(
        code="settlement.sign_unexpected",
        owner=Owner.FINANCE,
        title="Rows of a settlement have the other sign than their label usually has",
        meaning="They are booked as they stand, never turned round. A fee that is given back looks like this, and so does a mistake of Amazon's.",
        first_step="Look at the rows from the line in the facts. If they are right, resolve the case; if not, ask Amazon in Seller Central.",
        closes_when="a person resolves it",
        closed_by_run=False,
        by_person=True,
    ),
    CaseKind(
        code="settlement.tax_differs",
        owner=Owner.FINANCE,
        title="Tax that Amazon remits does not cancel the tax it collected",
        meaning="Of the orders in the facts Amazon kept more or less tax for the state than it says the buyer paid. All of it is booked as it stands.",
        first_step="Compare the tax rows of the first order with its invoice; what is left is owed to the state or by Amazon.",
        closes_when="a person resolves it",
        closed_by_run=False,
        by_person=True,
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
        by_person=True,
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
    CaseKind(
        code="settlement.order_missing",
        owner=Owner.OPERATIONS,
        title="An order that Amazon paid for is not in commercetools",
        meaning=(
            "A settlement has rows of this order, which should have been imported: it is of a marketplace of this connection and not known to be "
            "older than `orders.import_from`. It may have been deleted, or its import is a case of its own. Its payment is written nowhere."
        ),
        first_step=(
            "Look at the order under Orders. Import it with `crossdock orders import` and its id; one that turns out to be out of scope closes this "
            "case too."
        ),
        closes_when="the order is in commercetools, or Amazon's own word puts it out of scope",
        recheck_s=86_400,
    ),
    CaseKind(
        code="settlement.amount_differs",
        owner=Owner.FINANCE,
        title="What was paid for an order is not what the order says",
        meaning=(
            "Over all settlements the buyer paid more than the total of the order in commercetools; or less, though all of it was shipped, and settlements "
            "are booked for 30 days after Amazon's last word on it. Both amounts are in the facts. The payment shows what was paid."
        ),
        first_step=(
            "Compare `crossdock settlements order` with the order in Seller Central. What Amazon did not pay is claimed there; where the order is wrong, "
            "correct it in your ledger and resolve the case."
        ),
        closes_when="a settlement brings the rest, or a person resolves it",
        by_person=True,
    ),
    CaseKind(
        code="settlement.unpaid",
        owner=Owner.FINANCE,
        title="A shipped order was never paid",
        meaning=(
            "It was shipped more than 30 days ago, settlements are booked for all of that time, and none has a row of what its buyer paid. Amazon "
            "settles every fortnight, and may hold a sale back for a week after it was delivered."
        ),
        first_step=(
            "Look for the order in Seller Central (Payments, Transaction view): it may be deferred. If it is not there, open a case with Amazon and name "
            "the order."
        ),
        closes_when="a settlement with the order is booked",
    ),
    CaseKind(
        code="settlement.payment_refused",
        owner=Owner.ENGINEERING,
        title="commercetools refuses the payment of an order",
        meaning=(
            "The payment, or the order's reference to it, was understood and refused; commercetools' own code and the field it names are in the facts. "
            "The order itself is as it was."
        ),
        first_step=(
            "Look at the payment with the key `amazon-` and the order's id: somebody may have made it by hand, or given it to another order. Remove it "
            "there, and retry the case."
        ),
        closes_when="the payment is accepted",
        recheck_s=86_400,
    ),
    CaseKind(
        code="bank.unmatched",
        owner=Owner.FINANCE,
        title="A line of Amazon's on the bank statement fits no payout",
        meaning=(
            "It names no settlement and no payout that is known, and its amount and day fit none, or several: then they are in the facts. "
            "Nothing was closed by it, so `clearing.bank` and the bank differ by its amount."
        ),
        first_step=(
            "If its settlement is not in `crossdock settlements list`, import it. If it is no payout, such as the refund of something you bought, "
            "name Amazon's payouts more narrowly in `payers` of `[connection.finance.bank]`, and import the statement again: the line is forgotten."
        ),
        closes_when="a settlement or a payout that it fits is known, or it is not Amazon's any more",
        closed_by_run=False,
    ),
    CaseKind(
        code="bank.amount_differs",
        owner=Owner.FINANCE,
        title="The bank shows another amount than Amazon paid",
        meaning=(
            "The lines that belong to this settlement do not come to its amount, or are in another currency. The bank may have taken a fee, "
            "Amazon's currency converter may have changed the money, or another part of it is still to come."
        ),
        first_step=(
            "Compare the payout in Seller Central (Payments, Disbursements) with the line. Book a fee or a difference of exchange in your ledger "
            "against the clearing account."
        ),
        closes_when="the lines of the settlement come to its amount",
        closed_by_run=False,
    ),
    CaseKind(
        code="bank.payout_missing",
        owner=Owner.FINANCE,
        title="A payout has not arrived",
        meaning=(
            "Statements were given for the seven days after the deposit day of this settlement, and none has a line of it. Its age stands in the "
            "facts, and its amount is open on `clearing.bank`."
        ),
        first_step=(
            "Look at the payout in Seller Central (Payments, Disbursements): a transfer that failed comes back in a later settlement. If it was sent, look "
            "whether it went to another account, whose statement is missing here, or whether a statement of these days is."
        ),
        closes_when="a line of it arrives, or a later settlement says that the transfer failed",
        closed_by_run=False,
    ),
)
