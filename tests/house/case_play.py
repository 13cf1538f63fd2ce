"""Examples of cases, played against the twin: each line of one is a method of `Play` for the test, and a shell function for people."""

from __future__ import annotations

import base64
import json
import shlex
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from crossdock.app import App
from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.stock_policy import StockPolicy
from crossdock.doors import Outside
from crossdock.policy import Policy
from crossdock.settings import Settings
from crossdock.store.database import Database
from crossdock.twin.control import control
from crossdock.twin.world import Request
from tests.joined_twin import MASTER_KEY, START, Scene, Stage, with_policy
from tests.settlements import finance

TOP = Path(__file__).parents[2]
SAMPLES = TOP / "tests" / "samples" / "orders"

# Keys of the two tables of a policy, set before what follows.
ORDERS_LINE = "# [connection.orders]: "
STOCK_LINE = "# [connection.stock]: "
STOCK = StockPolicy(claims_from=START - timedelta(days=1), channels=("warehouse", None))


@dataclass(frozen=True)
class Example:
    """How to see a kind of case: lines to type, or (with `act`) words for people and the act for the test. `more`: what else helps."""

    text: str
    act: Callable[[Play], None] | None = None
    more: str = ""


@dataclass
class Play:
    """One example being played: the scene, and the order it speaks of."""

    scene: Scene
    database: Database
    order: AmazonOrderId = field(default=AmazonOrderId(""))

    def buy(self, wishes: str) -> None:
        """Somebody buys; the order is the one spoken of from now on."""
        [order_id] = self.twin("merchant/buy", wishes)["order_ids"]
        self.order = AmazonOrderId(order_id)

    def sample(self, name: str) -> None:
        """Put a sample order on Amazon."""
        order = json.loads((SAMPLES / f"{name}.json").read_text())
        self.order = AmazonOrderId(self.twin("orders", json.dumps({"order": order}))["order_id"])

    def happens(self, what: str) -> None:
        """Something happens to the order on Amazon."""
        self.twin(f"merchant/{what}", json.dumps({"order_id": self.order}))

    def sleep(self, seconds: str) -> None:
        """Time passes."""
        self.scene.after(seconds=float(seconds))

    def twin(self, act: str, body: str) -> Any:
        """Do something to the simulated world."""
        answer = control(self.scene.twin, Request("POST", f"/_twin/{act}", {}, {}, body.encode()))
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def shop(self, method: str, path: str, body: str = "") -> None:
        """Somebody does something in commercetools."""
        basic = base64.b64encode(f"worker-{self.scene.joined.connection_id}:worker-secret".encode()).decode()
        form = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
        told = self.scene.twin.handle(Request("POST", "/oauth/token", {}, form, b"grant_type=client_credentials"))
        headers = {
            "authorization": f"Bearer {json.loads(told.body)['access_token']}",
            "content-type": "application/json",
        }
        where, _, query = path.partition("?")
        asked = {name: [value] for name, value in (pair.split("=") for pair in query.split("&") if pair)}
        request = Request(method, f"/{self.scene.project.key}/{where}", asked, headers, body.encode())
        answer = self.scene.twin.handle(request)
        assert answer.status in {200, 201}, answer.body

    def crossdock(self, *words: str) -> None:
        """Run a command; what it prints is of no interest here."""
        match words:
            case ("provision",):
                self.scene.joined.provision(dry_run=False)
            case ("erase",):
                self.scene.joined.erase()
            case ("run",):
                self.app().one_pass(self.scene.joined)
            case ("work",):
                self.app().run(self.scene.joined.connection_id, "discover_orders")
            case ("orders", "import", order_id):
                self.scene.joined.import_one(AmazonOrderId(order_id))
                self.scene.joined.drain()
            case _:
                raise AssertionError(f"no example may run crossdock {' '.join(words)}")

    def app(self) -> App:
        """The composition root around the scene."""
        joined, clock = self.scene.joined, self.scene.twin.world.clock.now
        names = ("LWA_CLIENT_ID", "LWA_CLIENT_SECRET", "LWA_REFRESH_TOKEN", "CT_CLIENT_ID", "CT_CLIENT_SECRET")
        prefix = f"CROSSDOCK_{joined.connection_id.upper()}_"
        outside = Outside(lambda: joined._http, clock)
        settings = Settings(Path(), master_keys=(MASTER_KEY,))
        secrets = {prefix + name: "set" for name in names}
        app = App(settings, Policy((joined.policy,)), secrets, database=self.database, outside=outside)
        app.joined[joined.connection_id] = joined
        return app


def scene_of(kind: str, stage: Stage) -> Scene:
    """A fresh scene for an example of a kind: a case of stock needs a policy of stock, one of money a policy of money."""
    return stage.scene(
        stock=STOCK if kind.startswith("stock.") else None,
        finance=finance() if kind.startswith(("settlement.", "bank.")) else None,
    )


def play(example: Example, scene: Scene, database: Database) -> list[str]:
    """Play an example in a fresh scene; the kinds of the cases that are open afterwards."""
    playing = Play(scene, database)
    scene.twin.add_merchant(scene.merchant)
    if example.act is not None:
        example.act(playing)
    else:
        for line in example.text.splitlines():
            _say(playing, line)
    with database.transaction([scene.joined.connection_id]) as transaction:
        return [
            row[0] for row in transaction.execute("select distinct kind from cases where closed_at is null").fetchall()
        ]


def _say(playing: Play, line: str) -> None:
    if line.startswith(ORDERS_LINE):
        with_policy(playing.scene, **tomllib.loads(line.removeprefix(ORDERS_LINE)))
        return
    if line.startswith(STOCK_LINE):
        stock = playing.scene.stock
        stock.policy = replace(stock.policy, **tomllib.loads(line.removeprefix(STOCK_LINE)))
        return
    word, *arguments = shlex.split(line.replace("$ORDER", playing.order), comments=True)
    getattr(playing, word)(*arguments)


def lines_of(*lines: str) -> str:
    """The lines of an example."""
    return "\n".join(lines)


def fault(operation: str, answer: str) -> str:
    """The line that lets an operation fail from now on."""
    return f"""twin faults '{{"operation": "{operation}", "answer": "{answer}", "times": null}}'"""
