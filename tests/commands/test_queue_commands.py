"""A connection with a queue: `crossdock check` looks into it, `crossdock work` reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.commands.operators import Desk
from tests.served_queue import KEYS, REGION, Sqs, serving_sqs
from tests.waiting import wait_until

QUEUES = "SQS: queues"


@pytest.fixture(scope="module")
def sqs() -> Iterator[Sqs]:
    """A server of queues for this file."""
    with serving_sqs() as served:
        yield served


@pytest.fixture
def url(sqs: Sqs) -> str:
    """A queue of this test's own."""
    return sqs.make_queue()


@pytest.fixture
def told(desk: Desk, sqs: Sqs, url: str) -> Desk:
    """An operator who has named a queue, and set the key for it."""
    desk.environment |= {"CROSSDOCK_DEMO_AWS_ACCESS_KEY_ID": KEYS[0], "CROSSDOCK_DEMO_AWS_SECRET_ACCESS_KEY": KEYS[1]}
    return name_queues(desk, sqs, url)


def name_queues(desk: Desk, sqs: Sqs, *urls: str) -> Desk:
    """Give the policy a table of queues."""
    policy = desk.folder / "crossdock.toml"
    table = f'urls = {json.dumps(urls)}\nregion = "{REGION}"\nendpoint = "{sqs.endpoint}"\n'
    policy.write_text(f"{policy.read_text()}\n[connection.queue]\n{table}")
    return desk


def finding(desk: Desk, **more: str) -> tuple[str, str]:
    """What check says of the queues."""
    found = {each["what"]: (each["verdict"], each["says"]) for each in desk.read("check", **more)["findings"]}
    return found[QUEUES]


def notification(desk: Desk) -> str:
    """What Amazon tells of an order that is bought now."""
    (account,) = desk.twin.amazon.accounts.values()
    account.notifications.clear()
    desk.twin.merchants[account.seller_id].buy(fulfilled_by="MERCHANT", settled=True)
    return str(account.notifications[-1].decode())


def events(log: Path, name: str) -> list[dict[str, Any]]:
    """The events of one name in a log."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    return [line for line in lines if line["event"] == name]


def test_check_looks_into_the_queue_and_leaves_what_is_there(told: Desk, sqs: Sqs, url: str) -> None:
    """It can be read, so many messages wait, and a worker still finds them."""
    sqs.send(url, ["one", "two"])

    verdict, says = finding(told)

    assert (verdict, sqs.left(url)) == ("ok", 2)
    assert says == f"messages can be read from {url.rsplit('/', 1)[-1]} (about 2 waiting)"


def test_check_says_which_queue_is_not_there(desk: Desk, sqs: Sqs, url: str) -> None:
    """SQS's own code, and the name as the policy has it."""
    name_queues(desk, sqs, url, f"{url}-gone")
    key = {"CROSSDOCK_DEMO_AWS_ACCESS_KEY_ID": KEYS[0], "CROSSDOCK_DEMO_AWS_SECRET_ACCESS_KEY": KEYS[1]}

    verdict, says = finding(desk, **key)

    assert verdict == "failed"
    assert (
        f"{url.rsplit('/', 1)[-1]}-gone: sqs.receiveMessage was refused: AWS.SimpleQueueService.NonExistentQueue"
        in says
    )


def test_check_of_wrong_keys_names_variables_and_rights(told: Desk, sqs: Sqs) -> None:
    """Which secrets to compare and which rights to grant; the secrets themselves are not printed."""
    with sqs.asking_for_keys():
        verdict, says = finding(told)

    assert verdict == "failed"
    assert "compare CROSSDOCK_DEMO_AWS_ACCESS_KEY_ID and CROSSDOCK_DEMO_AWS_SECRET_ACCESS_KEY" in says
    assert "sqs:ReceiveMessage, sqs:DeleteMessage and sqs:GetQueueAttributes" in says
    assert not any(key in says for key in KEYS)


def test_check_without_any_credentials_says_so(desk: Desk, sqs: Sqs, url: str, tmp_path: Path) -> None:
    """Neither a key of ours nor anything boto3 finds by itself."""
    nowhere = str(tmp_path / "nowhere")
    bare = {"AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere, "AWS_EC2_METADATA_DISABLED": "true"}
    desk.environment = {name: value for name, value in desk.environment.items() if not name.startswith("AWS_")}

    verdict, says = finding(name_queues(desk, sqs, url), **bare)

    assert (verdict, "no credentials (NoCredentialsError)" in says) == ("failed", True)


def test_worker_reads_its_queue_and_deletes_what_it_took(told: Desk, sqs: Sqs, url: str) -> None:
    """The order Amazon tells of is heard of, the queue is empty, and a worker that is asked to stop does."""
    told.read("provision")
    log = told.folder / "worker.log"
    sqs.send(url, [notification(told)])

    with log.open("w") as lines:
        worker = subprocess.Popen(
            [sys.executable, "-m", "crossdock", "work"], cwd=told.folder, env=told.environment, stderr=lines
        )
    wait_until(lambda: events(log, "orders.notified") != [] and sqs.left(url) == 0, "the notification")
    worker.terminate()

    assert (worker.wait(timeout=60), events(log, "orders.notified")[0]["messages"]) == (0, 1)
    assert events(log, "flow.failed") == []


def test_worker_without_the_library_does_not_start(told: Desk) -> None:
    """A queue that nobody would read is no setting to pass over in silence."""
    pretend = "import sys; sys.modules['boto3'] = None; from crossdock.cli import main; sys.argv = ['crossdock', 'work']; main()"

    done = subprocess.run(
        [sys.executable, "-c", pretend],
        cwd=told.folder,
        env=told.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "pip install crossdock[sqs]" in done.stderr, "Traceback" in done.stderr) == (
        2,
        True,
        False,
    )
