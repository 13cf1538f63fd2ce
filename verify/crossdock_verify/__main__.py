"""`crossdock-verify PATH...`: exit code 0 proven, 1 failed (or nothing to check), 2 incomplete."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from crossdock_verify.certificate import Certificate
from crossdock_verify.equations import EQUATIONS
from crossdock_verify.paths import find
from crossdock_verify.verdict import Finding, Report, judge

PROVEN, FAILED, INCOMPLETE = 0, 1, 2
_MEANINGS = {equation.name: equation.meaning for equation in EQUATIONS}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the verdict; its exit code."""
    try:
        return _answer(arguments)
    except SystemExit as ended:
        # Bad arguments are exit code 1: argparse's 2 would read as incomplete.
        return FAILED if ended.code else PROVEN


def _answer(arguments: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(
        prog="crossdock-verify", description="Derives certificates of settlements again from their files."
    )
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", type=Path, help="certificates, settlement files, exports, folders"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    chosen = parser.parse_args(arguments)
    for path in chosen.paths:
        if not path.is_file() and not path.is_dir():
            parser.error(f"{str(path)!a} is no file and no folder")
    report = judge(find(chosen.paths))
    if not report.checked and not report.failed:
        parser.error("no certificate is among the paths")
    lines = [_json(report)] if chosen.json else [*_say_all(report)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if report.failed:
        return FAILED
    return INCOMPLETE if report.incomplete else PROVEN


def _json(report: Report) -> str:
    return json.dumps(
        {
            "proven": [certificate.settlement_id for certificate in report.proven],
            "failed": [_fields(finding) for finding in report.failed],
            "incomplete": [_fields(finding) for finding in report.incomplete],
            "checked": report.checked,
        },
    )


def _fields(finding: Finding) -> dict[str, str | int]:
    return {
        "certificate": finding.certificate,
        "settlement_id": finding.settlement_id,
        "equation": finding.failure.equation,
        "line": finding.failure.line,
        "text": finding.failure.text,
        "message": finding.failure.message,
    }


def _say_all(report: Report) -> list[str]:
    lines = [_say_proven(certificate) for certificate in report.proven]
    lines += [_say(finding, "failed") for finding in report.failed]
    lines += [_say(finding, "incomplete") for finding in report.incomplete]
    return lines


def _say_proven(certificate: Certificate) -> str:
    rows, postings = certificate.fields["file"]["rows"], len(certificate.postings)
    return f"{_shown(certificate.settlement_id)}: proven, {rows} rows, {postings} postings"


def _say(finding: Finding, verdict: str) -> str:
    failure = finding.failure
    said = f"{_shown(finding.settlement_id or finding.certificate)}: {verdict}, {failure.equation}"
    if verdict == "failed" and failure.equation in _MEANINGS:
        said += f" ({_MEANINGS[failure.equation]})"
    said += f": {_shown(failure.message)}"
    if failure.line:
        said += f"; line {failure.line}"
    if failure.text:
        said += f": {failure.text!a}"
    return said


def _shown(text: str) -> str:
    """As it is where a terminal cannot be harmed by it."""
    return text if text.isascii() and text.isprintable() else ascii(text)


if __name__ == "__main__":
    sys.exit(main())
