"""Whatever is in a certificate or a file: a failure with a message, never a traceback."""

import gzip
import json
from pathlib import Path

import pytest
from crossdock_verify.__main__ import main

from tests.verify.certified import CHART, Say, change, to_json, write_all
from tests.verify.three_settlements import a_chain

JSON = {
    "nothing": b"",
    "no JSON": b"hello",
    "NUL": b"\0\0\0",
    "no object": b"[]",
    "a number": b"5",
    "not a number": b"NaN",
    "deep": b"[" * 200_000,
    "deep and whole": b"[" * 100_000 + b"]" * 100_000,
    "huge": b"1" * 10_000,
    "no ASCII": '{"größe":1}'.encode(),
    "half a character": b'{"a":"\\ud800"}',
    "no field": b"{}",
}


@pytest.mark.parametrize("content", JSON.values(), ids=JSON)
def test_a_file_that_is_no_certificate(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    """It is named with what is wrong with it."""
    (tmp_path / "a.json").write_bytes(content)
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith("a.json: failed, format: ")


PATHS: list[tuple[str | int, ...]] = [
    ("sequence",),
    ("previous",),
    ("file", "size"),
    ("file", "encoding"),
    ("settlement", "ends_at"),
    ("settlement", "digits"),
    ("settlement", "total"),
    ("books", "time_zone"),
    ("books", "closed_until"),
    ("charts",),
    ("charts", 0, "text"),
    ("order_mode",),
    ("accepted_difference", "amount"),
    ("entries",),
    ("entries", 0, "on"),
    ("entries", 0, "month"),
    ("entries", 0, "postings"),
    ("entries", 0, "postings", 0, "debit"),
    ("orders", "count"),
    ("chains", "reserve", "before"),
]
VALUES: list[object] = [
    None,
    True,
    1.5,
    -1,
    10**30,
    "\0",
    "9999-99-99",
    "9999-12-31",
    "../../etc/passwd",
    [],
    [[]],
    {},
    {"a": 1},
    ["\ud800"],
]


@pytest.mark.parametrize("path", PATHS, ids=str)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: json.dumps(value)[:20])
def test_a_field_of_another_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], path: tuple[str | int, ...], value: object
) -> None:
    """Each field has its kind and its form; what has them and is wrong is an equation's to find."""
    chain = a_chain()
    write_all(tmp_path, chain)
    (tmp_path / "1000001.json").write_bytes(to_json(change(chain, Say(0, path, value))[0].certificate))
    assert main([str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "cannot be checked" not in shown
    assert shown.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"sequence":1,', '"sequence":1,"sequences":1,', "is no field"),
        ('"sequence":1,', "", "sequence is missing"),
        ('"sequence":1,', '"sequence":1,"sequence":1,', "stands twice"),
        ('"sequence":1,', '"sequence": 1,', "not written as"),
        ('"sequence":1,', '"sequence":1.0,', "not a whole number"),
    ],
)
def test_a_certificate_is_read_strictly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    """A field too many, too few or twice, and another way of writing, are failures."""
    write_all(tmp_path, a_chain()[:1])
    certificate = tmp_path / "1000001.json"
    certificate.write_text(certificate.read_text().replace(old, new))
    assert main([str(tmp_path)]) == 1
    assert said in capsys.readouterr().out


FILES = {
    "nothing": b"",
    "NUL": b"\0" * 5000,
    "one line": b"settlement-id",
    "a line without end": b"x" * 3_000_000,
    "many tabs": b"\t" * 100_000,
    "half a gzip": gzip.compress(b"settlement-id\n" * 1000)[:30],
    "no gzip": b"\x1f\x8b rest",
    "control characters": b"settlement-id\tprice-amount\n\x1b[31m\t5\n",
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_a_file_that_is_no_settlement(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    """It has the wrong bytes, which is the first equation."""
    write_all(tmp_path, a_chain()[:1])
    (tmp_path / "1000001.txt").write_bytes(content)
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith("1000001: failed, E1 ")


@pytest.mark.parametrize("content", [one for one in FILES.values() if not one.startswith(b"\x1f")])
def test_a_file_that_is_no_settlement_and_is_certified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """Its lines cannot be read, which is the second."""
    chain = a_chain()[:1]
    chain[0].text = content.decode()
    write_all(tmp_path, chain)
    assert main([str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("1000001: failed, E2 ")
    assert shown.strip().isprintable()


@pytest.mark.parametrize("amount", ["9" * 31, "9" * 5000, "-", "", "+5", "1e5", "0x1", "--1", "1,2,3", "٣"])
def test_an_amount_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], amount: str) -> None:
    """It is shown with its line, in characters that a terminal takes."""
    chain = a_chain()[:1]
    chain[0].text = chain[0].text.replace("\t-10\t", f"\t{amount}\t")
    write_all(tmp_path, chain)
    assert main([str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "; line 12: " in shown
    assert shown.isascii()


@pytest.mark.parametrize(
    "content",
    [
        b"entry,date\n",
        b"entry,date,debit\nx,y\n",
        b'entry,date,debit,credit,memo,currency\n"x\n',
        b"entry,date,debit,credit,memo,currency\n,,5,,,\n",
        b"entry,date,\xff\n",
        b'"EXTF";700\n',
        b'; a comment\n2026-01-01 * "a" "b"\n  entry: "1"\n2026-01-01 * "a"\n  entry: "1"\n',
    ],
)
def test_an_export_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    """It proves nothing, and never lets the rest pass as proven."""
    write_all(tmp_path, a_chain())
    (tmp_path / "journal").write_bytes(content)
    assert main([str(tmp_path)]) in {1, 2}


def test_a_pattern_that_takes_for_ever(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A chart's pattern has some seconds for a label, and then is a failure."""
    chain = change(a_chain()[:1], Say(0, ("charts", 0, "text"), CHART.replace("FBAFees,.*Storage.*", ",(.|.+)+x")))
    write_all(tmp_path, chain)
    assert main([str(tmp_path)]) == 1
    assert "a pattern of a chart takes too long; line 14" in capsys.readouterr().out
