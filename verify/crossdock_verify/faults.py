"""What can be wrong: a failure of an equation, with the line and its text where there is one."""

from dataclasses import dataclass

FORMAT = "format"  # the certificate itself cannot be read, so that no equation can be asked


@dataclass(frozen=True)
class Failure:
    """An equation that does not hold; `line` is 0 where no line of a file is to blame."""

    equation: str
    message: str
    line: int = 0
    text: str = ""


class Unreadable(Exception):
    """A file, a line or a cell that cannot be read without guessing."""

    def __init__(self, message: str, line: int = 0, text: str = "", *, equation: str = "E2") -> None:
        """What is wrong, where, and which equation it leaves open."""
        super().__init__(message)
        self.message = message
        self.line = line
        self.text = text
        self.equation = equation
