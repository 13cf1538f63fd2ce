"""Which settlement comes before which: in any order of booking, with several chains at once, and where somebody says otherwise."""

from pathlib import Path

import pytest
from crossdock_verify.__main__ import main
from crossdock_verify.certificate import Certificate
from crossdock_verify.chains import certified_later, first_name, settlement_before
from crossdock_verify.paths import find
from crossdock_verify.verdict import judge

from tests.verify.certified import CHART, Change, Say, Settlement, a_movement, a_posting, change, some_orders, write_all
from tests.verify.small_settlements import ORDER, SOLD, a_small_one

ONE, TWO, THREE = (1, 8), (8, 15), (15, 22)  # days of November
FRENCH = "Amazon.fr"


def verdict(folder: Path, chain: list[Settlement]) -> tuple[int, list[tuple[str, str]]]:
    """The exit code, and settlement and equation of what failed or is open."""
    write_all(folder, chain)
    report = judge(find([folder]))
    findings = [(finding.settlement_id, finding.failure.equation) for finding in (*report.failed, *report.incomplete)]
    return main([str(folder)]), findings


def second_before_first(*, kept: int = 2000) -> list[Settlement]:
    """The second settlement was booked first, with the reserve that it gives back as its opening balance."""
    return [a_small_one(2, 1, days=TWO, brought=2000), a_small_one(1, 2, days=ONE, kept=kept)]


def test_the_second_is_booked_before_the_first(tmp_path: Path) -> None:
    """The settlement before, though certified later, hands on what was taken: that is proven."""
    assert verdict(tmp_path, second_before_first()) == (0, [])


def test_the_second_is_booked_before_the_first_and_a_reserve_is_lost(tmp_path: Path) -> None:
    """Five hundred were kept that never came back: the opening balance is not what was handed on."""
    assert verdict(tmp_path, second_before_first(kept=2500)) == (1, [("1000002", "E9")])


def test_a_debt_is_handed_on_by_one_certified_later(tmp_path: Path) -> None:
    """What is carried over is compared as the reserve is."""
    chain = change(second_before_first(), Say(1, ("chains", "carried_over"), {"before": 7, "moved": 0, "after": 7}))
    write_all(tmp_path, chain)
    (tmp_path / "1000001.txt").unlink()
    assert [finding.settlement_id for finding in judge(find([tmp_path])).failed] == ["1000002"]


ORDERS = {
    "3, 1, 2": [
        a_small_one(3, 1, days=THREE, brought=300, kept=5),
        a_small_one(1, 2, days=ONE, kept=20),
        a_small_one(2, 3, days=TWO, after=1, brought=20, kept=300),
    ],
    "3, 2, 1": [
        a_small_one(3, 1, days=THREE, brought=300),
        a_small_one(2, 2, days=TWO, brought=20, kept=300),
        a_small_one(1, 3, days=ONE, kept=20),
    ],
    "2, 3, 1": [
        a_small_one(2, 1, days=TWO, brought=20, kept=300),
        a_small_one(3, 2, days=THREE, after=2, brought=300),
        a_small_one(1, 3, days=ONE, kept=20),
    ],
    "2, 1, 3": [
        a_small_one(2, 1, days=TWO, brought=20, kept=300),
        a_small_one(1, 2, days=ONE, kept=20),
        a_small_one(3, 3, days=THREE, after=2, brought=300),
    ],
}


@pytest.mark.parametrize("chain", ORDERS.values(), ids=ORDERS)
def test_three_are_booked_in_another_order(tmp_path: Path, chain: list[Settlement]) -> None:
    """Whatever the order, all that was handed on is proven."""
    assert verdict(tmp_path, chain) == (0, [])


def two_chains() -> list[Settlement]:
    """Two marketplaces are paid out in one currency, from the same second to the same second."""
    return [
        a_small_one(1, 1, days=ONE, kept=20),
        a_small_one(2, 2, days=ONE, kept=30, at=FRENCH),
        a_small_one(4, 3, days=TWO, after=2, brought=30, at=FRENCH),
        a_small_one(3, 4, days=TWO, after=1, brought=20),
    ]


def test_two_chains_of_one_currency(tmp_path: Path) -> None:
    """Marketplaces tell chains apart that begin at the same second."""
    assert verdict(tmp_path, two_chains()) == (0, [])


def test_two_chains_are_booked_backwards(tmp_path: Path) -> None:
    """And they tell apart which settlement, certified later, hands on to which."""
    chain = [
        a_small_one(3, 1, days=TWO, brought=20),
        a_small_one(4, 2, days=TWO, brought=30, at=FRENCH),
        a_small_one(2, 3, days=ONE, kept=30, at=FRENCH),
        a_small_one(1, 4, days=ONE, kept=20),
    ]
    assert verdict(tmp_path, chain) == (0, [])


def test_a_settlement_follows_that_of_another_chain(tmp_path: Path) -> None:
    """Even where the balances agree, a settlement of another marketplace is not the one before."""
    chain = [
        a_small_one(1, 1, days=ONE, kept=20),
        a_small_one(2, 2, days=ONE, kept=20, at=FRENCH),
        a_small_one(3, 3, days=TWO, after=2, brought=20, name=f"JPY {FRENCH}"),
    ]
    assert verdict(tmp_path, chain) == (1, [("1000003", "E9")])


def test_a_settlement_without_marketplaces_is_between(tmp_path: Path) -> None:
    """Where there is only one to follow, a settlement that names no marketplace follows it, and is followed."""
    chain = [
        a_small_one(1, 1, days=ONE, kept=20),
        a_small_one(2, 2, days=TWO, after=1, brought=20, kept=30, at="", name="JPY Amazon.de"),
        a_small_one(3, 3, days=THREE, after=2, brought=30),
    ]
    assert verdict(tmp_path, chain) == (0, [])


def test_a_settlement_without_marketplaces_is_between_and_certified_last(tmp_path: Path) -> None:
    """The same where it comes after the one that follows it."""
    chain = [
        a_small_one(1, 1, days=ONE, kept=20),
        a_small_one(3, 2, days=THREE, brought=30),
        a_small_one(2, 3, days=TWO, after=1, brought=20, kept=30, at="", name="JPY Amazon.de"),
    ]
    assert verdict(tmp_path, chain) == (0, [])


def test_a_settlement_without_marketplaces_has_two_to_follow(tmp_path: Path) -> None:
    """Where nothing tells which, it follows none, and its chain has the currency's name."""
    chain = [*two_chains()[:2], a_small_one(3, 3, days=TWO, brought=50, at="")]
    assert verdict(tmp_path, chain) == (0, [])


def test_what_is_followed_already_is_followed_no_more(tmp_path: Path) -> None:
    """The second to begin there is left with the one that nobody follows."""
    chain = [*two_chains()[:3], a_small_one(3, 4, days=TWO, after=1, brought=20, at="", name="JPY Amazon.de")]
    assert verdict(tmp_path, chain) == (0, [])


def test_a_settlement_begins_a_second_later(tmp_path: Path) -> None:
    """What ends before this one begins is no settlement before, and leaves open what came between."""
    chain = [a_small_one(1, 1, days=ONE, kept=20), a_small_one(2, 2, days=(9, 15), brought=20)]
    assert verdict(tmp_path, chain) == (2, [("1000002", "E9")])


def test_a_settlement_that_ended_another_day_is_named(tmp_path: Path) -> None:
    """To name it is a failure, whatever it hands on."""
    chain = [a_small_one(1, 1, days=ONE, kept=20), a_small_one(2, 2, days=(9, 15), after=1, brought=20)]
    assert verdict(tmp_path, chain) == (1, [("1000002", "E9")])


def in_order() -> list[Settlement]:
    """Three settlements as they came."""
    return [
        a_small_one(1, 1, days=ONE, kept=20),
        a_small_one(2, 2, days=TWO, after=1, brought=20, kept=300),
        a_small_one(3, 3, days=THREE, after=2, brought=300),
    ]


FORGED: dict[str, tuple[str, Change]] = {
    "the name of the first": ("1000001", Say(0, ("chains", "name"), "JPY Amazon.fr")),
    "a blank in the name": ("1000001", Say(0, ("chains", "name"), "JPY ")),
    "the name of one that follows": ("1000003", Say(2, ("chains", "name"), "JPY Amazon.fr")),
    "no predecessor": ("1000003", Say(2, ("chains", "predecessor"), "")),
    "a predecessor of the first": ("1000001", Say(0, ("chains", "predecessor"), "1000009")),
    "the one before that": ("1000003", Say(2, ("chains", "predecessor"), "1000001")),
}


@pytest.mark.parametrize(("settlement_id", "said"), FORGED.values(), ids=FORGED)
def test_a_chain_is_forged(tmp_path: Path, settlement_id: str, said: Change) -> None:
    """Neither the name of a chain nor the settlement before is anybody's to say."""
    code, findings = verdict(tmp_path, change(in_order(), said))
    assert (code, findings[0]) == (1, (settlement_id, "E9"))


def test_a_chain_is_cut_and_named_anew(tmp_path: Path) -> None:
    """A settlement that begins a chain of its own, under a name of its own, is found by both."""
    cut = (Say(2, ("chains", "predecessor"), ""), Say(2, ("chains", "name"), "JPY Amazon.fr"))
    assert verdict(tmp_path, change(in_order(), *cut)) == (1, [("1000003", "E9")])


def test_a_certificate_further_back_is_missing(tmp_path: Path) -> None:
    """The one that is missing could have been the one before: that is open, and no failure."""
    write_all(tmp_path, in_order())
    (tmp_path / "1000001.json").unlink()
    (tmp_path / "1000001.txt").unlink()
    report = judge(find([tmp_path]))
    assert report.failed == []
    found = [(finding.settlement_id, finding.failure.equation) for finding in report.incomplete]
    assert found == [("1000002", "E12"), ("1000002", "E9"), ("1000003", "E9")]


def test_a_certificate_is_missing_and_another_is_named_in_its_place(tmp_path: Path) -> None:
    """What no missing certificate could justify fails at once."""
    chain = [
        a_small_one(1, 1, days=ONE, kept=20),
        a_small_one(2, 2, days=ONE, kept=20, at=FRENCH),
        a_small_one(3, 3, days=TWO, after=2, brought=20, name=f"JPY {FRENCH}"),
    ]
    write_all(tmp_path, chain)
    (tmp_path / "1000001.json").unlink()
    assert [finding.settlement_id for finding in judge(find([tmp_path])).failed] == ["1000003"]


def test_a_certificate_between_is_missing_where_one_certified_later_hands_on(tmp_path: Path) -> None:
    """The one that is missing could have handed on instead: open, though the balances differ."""
    chain = [
        a_small_one(2, 1, days=TWO, brought=2000),
        a_small_one(9, 2, days=(22, 29)),
        a_small_one(1, 3, days=ONE, kept=2500),
    ]
    write_all(tmp_path, chain)
    (tmp_path / "1000009.json").unlink()
    report = judge(find([tmp_path]))
    assert report.failed == []
    assert ("1000002", "E9") in [(finding.settlement_id, finding.failure.equation) for finding in report.incomplete]


def test_a_certificate_is_missing_and_one_of_another_day_is_named(tmp_path: Path) -> None:
    """The one named ended a day before this one began, which no certificate that is missing could mend."""
    chain = [
        a_small_one(1, 1, days=ONE, kept=20),
        a_small_one(9, 2, days=(22, 29)),
        a_small_one(2, 3, days=(9, 15), after=1, brought=20),
    ]
    write_all(tmp_path, chain)
    (tmp_path / "1000009.json").unlink()
    assert [finding.settlement_id for finding in judge(find([tmp_path])).failed] == ["1000002"]


def test_the_name_of_a_certificate_that_is_missing(tmp_path: Path) -> None:
    """A name that comes from a certificate which is not here is open, and no failure."""
    chain = [a_small_one(1, 1, days=ONE), a_small_one(2, 2, days=TWO, after=1, at="", name="JPY Amazon.de")]
    write_all(tmp_path, chain)
    (tmp_path / "1000001.json").unlink()
    assert judge(find([tmp_path])).failed == []


# --- the rule by itself, of certificates that are not derived

SECOND_POSTING = ("entries", 0, "postings", 1)


def certificates(folder: Path, chain: list[Settlement], *changes: Change) -> list[Certificate]:
    """The certificates by their numbers."""
    write_all(folder, change(chain, *changes))
    return sorted(find([folder]).certificates, key=lambda it: it.sequence)


def test_a_settlement_shares_marketplaces_with_two(tmp_path: Path) -> None:
    """It follows neither."""
    chain = [*two_chains()[:2], a_small_one(3, 3, days=TWO)]
    given = certificates(tmp_path, chain, Say(2, (*SECOND_POSTING, "marketplace"), FRENCH))
    assert settlement_before(given[2], given) is None


def test_a_settlement_of_another_currency_is_not_before(tmp_path: Path) -> None:
    """Neither before one that is certified later, nor before one that was certified."""
    chain = [a_small_one(3, 1, days=THREE), a_small_one(2, 2, days=TWO), a_small_one(4, 3, days=THREE)]
    given = certificates(tmp_path, chain, Say(1, ("settlement", "currency"), "EUR"))
    assert (certified_later(given[0], given), settlement_before(given[2], given)) == (None, None)


def test_one_certified_later_hands_on_once(tmp_path: Path) -> None:
    """A settlement that has one before is no more among those that the next could hand on to."""
    chain = [
        a_small_one(3, 1, days=TWO, at=FRENCH),
        a_small_one(4, 2, days=TWO),
        a_small_one(1, 3, days=ONE),
        a_small_one(2, 4, days=ONE, at=FRENCH),
    ]
    given = certificates(tmp_path, chain, Say(1, (*SECOND_POSTING, "marketplace"), FRENCH))
    assert certified_later(given[0], given) is given[3]
    assert certified_later(given[1], given) is given[2]


@pytest.mark.parametrize(
    ("at", "rows", "name"),
    [(FRENCH, 2, "JPY Amazon.fr"), (FRENCH, 1, "JPY Amazon.de"), ("Amazon.co.uk", 1, "JPY Amazon.co.uk"), ("", 9, "JPY Amazon.de")],
)  # fmt: skip
def test_a_chain_has_the_name_of_most_rows(tmp_path: Path, at: str, rows: int, name: str) -> None:
    """Of several marketplaces with as many rows it is the first by its characters; rows of none do not count."""
    changes = (Say(0, (*SECOND_POSTING, "marketplace"), at), Say(0, (*SECOND_POSTING, "rows"), rows))
    assert first_name(certificates(tmp_path, [a_small_one(1, 1, days=ONE)], *changes)[0]) == name


RESERVE_RULE = "Previous Reserve Amount Balance,{},Reserve,asset,+,{},{},"


def a_reserve_of_an_order(account: str, order_mode: str, said: int) -> list[Settlement]:
    """A first settlement gives 20 back in a row of an order in order mode, where the rule has these accounts; `said` is the balance before."""
    one = a_small_one(1, 1, days=ONE, brought=20)
    one.text = one.text.replace("\tother\t\t\tother\tPrevious", f"\tother\t{ORDER}\t\tother\tPrevious")
    rule = RESERVE_RULE.format(account, "order", order_mode)
    chart = CHART.replace("order,receivable.orders,", "order,,")
    chart = chart.replace(RESERVE_RULE.format("balance.reserve", "no", "balance.reserve"), rule)
    assert chart.count(rule) == 1
    postings = [
        a_posting("sales.product", -SOLD, [3], at="Amazon.de", treatment="untaxed"),
        a_posting("balance.reserve", -20, [4, 5]),
        a_posting("clearing.bank", SOLD + 20),
    ]
    elsewhere = [postings[0], a_posting(order_mode, -20, [4]), a_posting("balance.reserve", 0, [5]), postings[2]]
    moved = -20 if order_mode == "balance.reserve" else 0
    return change(
        [one],
        Say(0, ("charts", 1, "text"), chart),
        Say(0, ("order_mode",), [ORDER]),
        Say(0, ("entries", 0, "postings"), postings if moved else elsewhere),
        Say(0, ("orders",), some_orders({ORDER: (SOLD + 20, 2)}, SOLD + 20, 1, 0)),
        Say(0, ("chains", "reserve"), a_movement(said, moved, said + moved)),
    )


@pytest.mark.parametrize(
    ("account", "order_mode", "said", "answer"),
    [
        ("balance.reserve", "balance.reserve", 20, (0, [])),
        ("balance.reserve", "balance.other", 0, (0, [])),
        ("balance.reserve", "balance.other", 20, (1, [("1000001", "E9")])),
        ("balance.other", "balance.reserve", 20, (0, [])),
        ("balance.other", "balance.reserve", 0, (1, [("1000001", "E9")])),
    ],
)
def test_an_opening_balance_is_what_its_account_lost(
    tmp_path: Path, account: str, order_mode: str, said: int, answer: tuple[int, list[tuple[str, str]]]
) -> None:
    """A row brings forward where it is booked to the very account, and not where the other system books it."""
    assert verdict(tmp_path, a_reserve_of_an_order(account, order_mode, said)) == answer


def test_a_row_by_another_name_brings_nothing_forward(tmp_path: Path) -> None:
    """Only the label that brings reserves forward does so, and not that of debts on the same account."""
    one = a_small_one(1, 1, days=ONE, brought=20)
    one.text = one.text.replace("Previous Reserve Amount Balance", "Payable to Amazon")
    chart = CHART.replace("Payable to Amazon,balance.carried_over", "Payable to Amazon,balance.reserve")
    chain = change(
        [one], Say(0, ("charts", 1, "text"), chart.replace("-,no,balance.carried_over", "-,no,balance.reserve"))
    )
    assert verdict(tmp_path, chain) == (1, [("1000001", "E9")])
