"""[connection.queue] as an operator writes it, and the key that goes with it: every mistake is told once, at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.errors import ConfigError
from crossdock.policy import load_policy
from crossdock.policy_queue import QueueAddress
from crossdock.settings import ConnectionSecrets, load_connection_secrets
from tests.commands.policies import GOOD, problems

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/crossdock"
TWIN = "http://127.0.0.1:4566/000000000000/crossdock"
FORM = 'must be a list of addresses, as in ["https://sqs.eu-west-1.amazonaws.com/123456789012/crossdock"]'
IS_NO_ADDRESS = f"is no address of a queue; it {FORM}"
EXAMPLE = Path(__file__).parents[2] / "crossdock.example.toml"
SECRETS = {
    f"CROSSDOCK_EU_{name}": "set"
    for name in ("LWA_CLIENT_ID", "LWA_CLIENT_SECRET", "LWA_REFRESH_TOKEN", "CT_CLIENT_ID", "CT_CLIENT_SECRET")
}


def queues_of(folder: Path, text: str) -> tuple[QueueAddress, ...]:
    """The queues of the only connection of a file."""
    path = folder / "crossdock.toml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path).connections[0].queues


def test_without_the_table_there_is_no_queue(tmp_path: Path) -> None:
    """Everything is found by asking."""
    assert queues_of(tmp_path, GOOD) == ()


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (URL, "eu-west-1"),
        ("https://sqs.us-gov-east-1.amazonaws.com/1/q", "us-gov-east-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1"),
        ("https://sqs-fips.us-east-1.amazonaws.com/1/q", "us-east-1"),
        ("https://sqs.eu-west-1.api.aws/1/q", "eu-west-1"),
        ("https://vpce-0a1b.sqs.eu-central-1.vpce.amazonaws.com/1/q", "eu-central-1"),
    ],
)
def test_address_tells_region_and_endpoint(tmp_path: Path, url: str, region: str) -> None:
    """One line is enough: whom to ask, and where, stands in the address."""
    address = QueueAddress(url, region, url.removesuffix("/1/q").removesuffix("/123456789012/crossdock"))
    assert queues_of(tmp_path, f'{GOOD}[connection.queue]\nurls = ["{url}"]\n') == (address,)


def test_several_queues_and_a_twin(tmp_path: Path) -> None:
    """Amazon's and commercetools' may be two; a twin has its region and its endpoint told."""
    table = (
        f'[connection.queue]\nurls = ["{URL}", "{TWIN}"]\nregion = "eu-west-1"\nendpoint = "http://127.0.0.1:4566/"\n'
    )

    found = queues_of(tmp_path, GOOD + table)

    assert found == tuple(QueueAddress(url, "eu-west-1", "http://127.0.0.1:4566") for url in (URL, TWIN))


def test_table_of_the_example_is_a_policy(tmp_path: Path) -> None:
    """With the first # of its lines removed the table can be read."""
    before, _, after = EXAMPLE.read_text(encoding="utf-8").partition("# [connection.queue]\n")
    table, _, rest = after.partition("\n\n")
    shown = "\n".join(line.removeprefix("# ") for line in table.splitlines())

    found = queues_of(tmp_path, f"{before}[connection.queue]\n{shown}\n{rest}")

    assert found == (QueueAddress(f"{URL}-eu", "eu-west-1", "http://127.0.0.1:4566"),)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("", ["13: connection eu: queue.urls is missing"]),
        (f'urls = "{URL}"\n', [f"14: connection eu: queue.urls {FORM}"]),
        ("urls = []\n", [f"14: connection eu: queue.urls {FORM}"]),
        ("urls = [3]\n", [f"14: connection eu: queue.urls {FORM}"]),
        ('urls = ["arn:aws:sqs:eu-west-1:1:q"]\n', [f"14: connection eu: queue.urls 'arn:aws:sqs:eu-west-1:1:q' {IS_NO_ADDRESS}"]),
        ('urls = ["https://sqs.eu-west-1.amazonaws.com/"]\n',
            [f"14: connection eu: queue.urls 'https://sqs.eu-west-1.amazonaws.com/' {IS_NO_ADDRESS}"]),
        ('urls = ["http://sqs.eu-west-1.amazonaws.com/1/q"]\n',
            [f"14: connection eu: queue.urls 'http://sqs.eu-west-1.amazonaws.com/1/q' {IS_NO_ADDRESS}"]),
        (f'urls = ["{URL}.fifo"]\n',
            [f"14: connection eu: queue.urls '{URL}.fifo' is a FIFO queue; Amazon and commercetools notify standard queues only"]),
        (f'urls = ["{URL}", "{URL}"]\n', ["14: connection eu: queue.urls names a queue twice"]),
        (f'urls = ["{TWIN}"]\n', ["13: connection eu: queue.region is missing, and not every address tells it"]),
        (f'url = "{URL}"\n', ["13: connection eu: queue.urls is missing", "14: connection eu: queue.url is not known here; known are endpoint, region, urls"]),
    ],
)  # fmt: skip
def test_mistake_is_told_once_at_its_line(tmp_path: Path, table: str, told: list[str]) -> None:
    """Each row is one table."""
    assert problems(tmp_path, f"{GOOD}[connection.queue]\n{table}") == told


def test_queue_of_two_connections_is_refused(tmp_path: Path) -> None:
    """What one of them takes out of it, the other would never hear of."""
    first = f'{GOOD}[connection.queue]\nurls = ["{URL}"]\n'
    second = first.replace('id = "eu"', 'id = "uk"').replace("A1EXAMPLESELLER", "A1OTHERSELLER")

    told = problems(tmp_path, first + second)

    assert told == ["28: connection uk: queue.urls names a queue of eu too: what is delivered to one, the other misses"]


def test_key_of_a_queue_is_a_secret_of_its_connection(tmp_path: Path) -> None:
    """It is named like the others, may come from a file, and is never printed."""
    path = tmp_path / "secret"
    path.write_text("hidden\n")
    key = {"CROSSDOCK_EU_AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "CROSSDOCK_EU_AWS_SECRET_ACCESS_KEY_FILE": str(path)}

    read = load_connection_secrets(SECRETS | key, "eu")

    assert (read.aws_access_key_id, read.aws_secret_access_key) == ("AKIAEXAMPLE", "hidden")
    assert "hidden" not in repr(read)


def test_queue_needs_no_key_of_its_own() -> None:
    """boto3 finds one by itself, where there is a role or a profile."""
    read: ConnectionSecrets = load_connection_secrets(SECRETS, "eu")
    assert (read.aws_access_key_id, read.aws_secret_access_key) == ("", "")


@pytest.mark.parametrize(
    ("there", "missing"),
    [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")],
)
def test_half_a_key_is_told(there: str, missing: str) -> None:
    """One without the other would be taken for none, and another account asked instead."""
    with pytest.raises(ConfigError) as refused:
        load_connection_secrets(SECRETS | {f"CROSSDOCK_EU_{there}": "set"}, "eu")
    assert refused.value.problems == (f"CROSSDOCK_EU_{missing}: missing, though the other one is set",)
