"""Policies by name, and what each comes to over seeds: as many markets at once as the machine has cores, the same whichever of them ends first."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from crossdock.domain.sellable import StockRule
from crossdock.simulation.baselines import Push, Schedule
from crossdock.simulation.market import Feed, Market, Policy, Result
from crossdock.simulation.peak import Scene, draw
from crossdock.simulation.proof import Proof
from crossdock.simulation.rules import Rules

PROOF = StockRule(mode="proof")
RISK = StockRule()
# The shop may sell to the last unit.
OPEN = StockRule(cover=False)


@dataclass(frozen=True, slots=True)
class Contender:
    """A policy that can be tried: how orders reach it, what it knows of the peak beforehand, and how it is made."""

    name: str
    title: str
    feed: Feed
    make: Callable[[], Policy]


@dataclass(frozen=True, slots=True)
class Tried:
    """What one policy came to under one seed."""

    name: str
    seed: int
    result: Result


CONTENDERS = (
    Contender("schedule-15", "every 15 minutes", "polling", lambda: Schedule(900.0)),
    Contender("schedule-15-buffer-2", "every 15 minutes, buffer of 2", "polling", lambda: Schedule(900.0, 2)),
    Contender("schedule-5", "every 5 minutes", "polling", lambda: Schedule(300.0)),
    Contender("schedule-5-buffer-2", "every 5 minutes, buffer of 2", "polling", lambda: Schedule(300.0, 2)),
    Contender("push", "a push for every change", "events", Push),
    Contender("events", "these rules, orders by events", "events", lambda: Rules(RISK, announced=True)),
    Contender("events-unannounced", "the same, peak not announced", "events", lambda: Rules(RISK, announced=False)),
    Contender("polling", "these rules, orders by polling", "polling", lambda: Rules(RISK, announced=True)),
    Contender("polling-unannounced", "the same, peak not announced", "polling", lambda: Rules(RISK, announced=False)),
    Contender("events-uncovered", "events, all of it in the shop", "events", lambda: Rules(OPEN, announced=True)),
    Contender("polling-uncovered", "polling, all of it in the shop", "polling", lambda: Rules(OPEN, announced=True)),
    Contender("proof", "these rules, with proof", "events", lambda: Proof(PROOF, announced=True)),
    Contender("proof-polling", "proof, orders by polling", "polling", lambda: Proof(PROOF, announced=True)),
)
BY_NAME = {contender.name: contender for contender in CONTENDERS}


def play(name: str, scene: Scene, seed: int) -> Result:
    """One policy in one scene."""
    contender = BY_NAME[name]
    return Market(scene, contender.feed, seed).play(contender.make())


def try_all(names: Sequence[str], seeds: Sequence[int], *, processes: int | None = None) -> Iterator[Tried]:
    """Every policy under every seed, as each ends."""
    work = [(name, seed) for seed in seeds for name in names]
    count = min(processes or os.cpu_count() or 1, len(work))
    if count <= 1:
        yield from map(_try, work)
        return
    # Started afresh: a process that is copied while threads run may wait for ever.
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        yield from pool.imap_unordered(_try, work)


def _try(work: tuple[str, int]) -> Tried:
    name, seed = work
    return Tried(name, seed, play(name, draw(seed), seed))
