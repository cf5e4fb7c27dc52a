"""Problems in a file that a user wrote, collected so that one message reports all, with the nearest valid names.

This module imports nothing heavy, because the configuration is checked whenever the Snakefile is parsed.
"""

import difflib
import math
from collections.abc import Iterable, Sequence
from typing import Any

from embrittle.errors import ConfigError

KeyPath = tuple[str | int, ...]


class Problems:
    """The problems found so far.

    Attributes:
        file: prefix of every line.
        lines: one message for each problem.
        paths: keys with a problem, whose values cannot be used in further checks.
    """

    def __init__(self, file: str = "") -> None:
        """Start without problems."""
        self.file = file
        self.lines: list[str] = []
        self.paths: set[KeyPath] = set()

    def add(self, path: KeyPath, message: str) -> None:
        """Add a problem, unless the same path has one already."""
        if path in self.paths:
            return
        self.paths.add(path)
        self.lines.append(f"{self.file}{_dotted(path)}: {message}")


def _dotted(path: KeyPath) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "configuration"


def nearest(name: Any, valid: Iterable[str]) -> str | None:
    """Return the valid name most similar to `name`; None if no name is similar."""
    by_folded = {str(candidate).casefold(): candidate for candidate in valid}
    matches = difflib.get_close_matches(str(name).casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def suggestion(name: Any, valid: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: the nearest valid name, and all valid names."""
    valid = list(valid)
    near = nearest(name, valid)
    if near is not None:
        return f"; did you mean {near!r}? Valid: {', '.join(valid)}"
    return f". Valid: {', '.join(valid)}"


def number_text(number: float) -> str:
    """Return the canonical text of a number for file names: 10.0 and 10 both give "10".

    `float(number_text(x)) == x` for every finite float.

    Raises:
        ConfigError: the number is NaN or infinite.
    """
    number = float(number)
    if not math.isfinite(number):
        raise ConfigError(f"{number} cannot be part of a file name: write a finite number")
    # Adding 0.0 turns -0.0 into 0.0.
    return repr(number + 0.0).removesuffix(".0")


def listed(words: Sequence[str]) -> str:
    """The words as a list in a sentence: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
