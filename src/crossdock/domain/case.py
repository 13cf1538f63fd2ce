"""A case: a record a person must look at. Not an error: the rest goes on, and the first step is in the case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crossdock.domain.money import Money


class Owner(StrEnum):
    """Who looks at a kind of case unless the policy names somebody else."""

    OPERATIONS = "operations"
    CUSTOMER_SERVICE = "customer_service"
    FINANCE = "finance"
    CATALOGUE = "catalogue"
    ENGINEERING = "engineering"


@dataclass(frozen=True, slots=True)
class CaseKind:
    """One kind of case: what it means, who looks at it, the first step, and what closes it without a person.

    `recheck_s`: seconds after which the record is looked at again by itself; None where only news or a person can change it.
    `stands_s`: the case is a trace of what has been put right already; it stays open for so long, healthy or not.
    `by_person`: a person closes it, once it has been dealt with; no check would.
    `closed_by_run`: whether a run of the record that does not find it any more closes it; False where another check does.
    """

    code: str
    owner: Owner
    title: str
    meaning: str
    first_step: str
    closes_when: str
    recheck_s: int | None = None
    stands_s: int | None = None
    closed_by_run: bool = True
    by_person: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A case of one record. Facts are codes, names of fields, SKUs and counts: never personal data, never raw text of a buyer."""

    kind: str
    facts: Mapping[str, str] = field(default_factory=dict)
    deadline: datetime | None = None
    at_stake: Money | None = None
