"""What `crossdock-verify` answers: exit code, lines for a person, one object for a program."""

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from crossdock_verify.__main__ import main

from tests.verify.certified import CHART, Say, Settlement, Write, a_posting, change, write_all
from tests.verify.journals import JOURNALS, entry_lines
from tests.verify.three_settlements import a_chain, first

VERIFY = Path(__file__).resolve().parents[2] / "verify"


def the_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, list[dict[str, object]]]:
    """What `--json` prints."""
    main(["--json", str(folder)])
    answer: dict[str, list[dict[str, object]]] = json.loads(capsys.readouterr().out)
    return answer


def test_a_chain_is_proven(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A month split, order mode, a reserve, a debt and a closing: all proven, a line each."""
    write_all(tmp_path, a_chain())
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1000001: proven, 12 rows, 13 postings",
        "1000002: proven, 6 rows, 7 postings",
        "1000003: proven, 6 rows, 9 postings",
    ]


def test_a_chain_is_proven_for_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The object has what is proven, what failed, what is open, and how many were checked."""
    write_all(tmp_path, a_chain())
    assert the_object(tmp_path, capsys) == {
        "proven": ["1000001", "1000002", "1000003"],
        "failed": [],
        "incomplete": [],
        "checked": 3,
    }


def test_it_is_a_program(tmp_path: Path) -> None:
    """Started alone, in isolation from whatever else is installed, it needs the standard library only."""
    write_all(tmp_path, a_chain())
    code = (
        f"import sys; sys.path.insert(0, {str(VERIFY)!r}); from crossdock_verify.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, tmp_path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_files_are_named_one_by_one(tmp_path: Path) -> None:
    """Paths may be files, and the same file twice is one."""
    write_all(tmp_path, a_chain())
    assert main([str(path) for path in [*tmp_path.iterdir(), *tmp_path.iterdir()]]) == 0


def test_a_file_may_be_compressed(tmp_path: Path) -> None:
    """A `.gz` is the bytes in it."""
    write_all(tmp_path, a_chain())
    (tmp_path / "1000001.txt.gz").write_bytes(gzip.compress((tmp_path / "1000001.txt").read_bytes()))
    (tmp_path / "1000001.txt").unlink()
    assert main([str(tmp_path)]) == 0


@pytest.mark.parametrize("name", JOURNALS)
def test_an_export_is_proven(tmp_path: Path, name: str) -> None:
    """In each ledger's format, an export of all entries agrees with the certificates."""
    chain = a_chain()
    hashes = write_all(tmp_path, chain)
    lines = [line for one, sha256 in zip(chain, hashes, strict=True) for line in entry_lines(one, sha256[:16])]
    (tmp_path / name).write_text(JOURNALS[name](lines), newline="")
    assert main([str(tmp_path)]) == 0


def an_accepted_difference() -> list[Settlement]:
    """Five cents are missing between the declared total and the rows, and somebody accepted that."""
    return change(
        [first()],
        Write(0, "126.70", "126.75"),
        Say(0, ("settlement", "total"), 12675),
        Say(0, ("accepted_difference",), {"amount": 5, "reason": "asked \x1b[31mAmazon"}),
        Say(0, ("entries", 1, "postings", 6, "debit"), 12675),
        Say(0, ("entries", 1, "postings", 5), a_posting("balance.unsettled", -8300)),
        Say(0, ("entries", 1, "postings", 4), a_posting("balance.reserve", 2000, [13])),
        Say(0, ("entries", 1, "postings"), [*first().certificate["entries"][1]["postings"][:6], a_posting("suspense", -5), a_posting("clearing.bank", 12675)]),
    )  # fmt: skip


def rows_in_suspense() -> list[Settlement]:
    """A label that no rule knows, and booked so."""
    return change(
        [first()],
        Say(0, ("charts", 1, "text"), CHART.replace("exact,ServiceFee", "exact,Other")),
        Say(0, ("entries", 1, "postings", 3, "account"), "suspense"),
    )


@pytest.mark.parametrize(
    ("chain", "equations"),
    [(an_accepted_difference(), ["E3", "E4"]), (rows_in_suspense(), ["E4"])],
    ids=["accepted difference", "suspense"],
)
def test_what_is_open_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], chain: list[Settlement], equations: list[str]
) -> None:
    """A difference that was accepted and rows in suspense are no failure and no proof."""
    write_all(tmp_path, chain)
    answer = the_object(tmp_path, capsys)
    assert [finding["message"] for finding in answer["failed"]] == []
    assert [finding["equation"] for finding in answer["incomplete"]] == equations
    assert main([str(tmp_path)]) == 2
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("missing", "equations"),
    [
        ("1000003.txt", ["E1"]),
        ("1000002.json", ["E12", "E9", "E1"]),  # and the file that is now nobody's
        ("1000003.json", ["E1"]),
    ],
)
def test_what_is_missing_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], missing: str, equations: list[str]
) -> None:
    """A settlement file, or the certificate before, that is not among the paths leaves the proof open."""
    write_all(tmp_path, a_chain())
    (tmp_path / missing).unlink()
    assert [finding["equation"] for finding in the_object(tmp_path, capsys)["incomplete"]] == equations
    assert main([str(tmp_path)]) == 2


def test_an_entry_that_no_export_has_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An export of the first entry alone leaves the second open."""
    chain = a_chain()
    hashes = write_all(tmp_path, chain)
    (tmp_path / "journal.csv").write_text(
        JOURNALS["journal.csv"](entry_lines(chain[0], hashes[0][:16])[:6]), newline=""
    )
    assert main([str(tmp_path)]) == 2
    assert "'1000001-2' is in no csv export here" in capsys.readouterr().out


def test_an_export_of_nothing_here_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An export of a settlement whose certificate is not here proves nothing."""
    chain = a_chain()
    hashes = write_all(tmp_path, chain[:1])
    (tmp_path / "journal.csv").write_text(JOURNALS["journal.csv"](entry_lines(chain[1], hashes[0][:16])), newline="")
    assert main([str(tmp_path)]) == 2
    assert "journal.csv: incomplete, E11: '1000002-1' is of no certificate here" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["--nonsense"], ["/no/such/path"]])
def test_bad_arguments_are_no_verdict(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """They are exit code 1, since 2 says that a proof is incomplete."""
    assert main(arguments) == 1
    assert "crossdock-verify: error: " in capsys.readouterr().err


def test_an_empty_folder_proves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No certificate is no proof."""
    assert main([str(tmp_path)]) == 1
    assert "no certificate" in capsys.readouterr().err


def test_a_copy_of_a_certificate_is_no_other(tmp_path: Path) -> None:
    """The same bytes under another name say nothing more, and do not stand in their own way."""
    write_all(tmp_path, a_chain())
    shutil.copy(tmp_path / "1000001.json", tmp_path / "copy.json")
    assert main([str(tmp_path)]) == 0
