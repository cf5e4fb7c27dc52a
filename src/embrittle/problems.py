"""What is wrong in what a user wrote: collected, so that all is said at once, with the nearest valid name.

Light: the configuration is checked whenever the Snakefile is parsed.
"""

import difflib
import math
from collections.abc import Iterable
from typing import Any

from embrittle.errors import ConfigError

KeyPath = tuple[str | int, ...]


class Problems:
    """The problems found so far, and the paths whose values cannot be used in further checks."""

    def __init__(self, file: str = "") -> None:
        """Start empty; `file` stands in front of every line."""
        self.file = file
        self.lines: list[str] = []
        self.paths: set[KeyPath] = set()

    def add(self, path: KeyPath, message: str) -> None:
        """Note a problem; a second one at the same path would only repeat the first."""
        if path in self.paths:
            return
        self.paths.add(path)
        self.lines.append(f"{self.file}{_dotted(path)}: {message}")


def _dotted(path: KeyPath) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "configuration"


def nearest(name: Any, valid: Iterable[str]) -> str | None:
    """Return the valid name that is most like `name`; None if none is."""
    by_folded = {str(candidate).casefold(): candidate for candidate in valid}
    matches = difflib.get_close_matches(str(name).casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def suggestion(name: Any, valid: Iterable[str]) -> str:
    """Return the end of a message about an unknown name: the nearest valid one, and all of them."""
    valid = list(valid)
    near = nearest(name, valid)
    if near is not None:
        return f"; did you mean {near!r}? Valid: {', '.join(valid)}"
    return f". Valid: {', '.join(valid)}"


def number_text(number: float) -> str:
    """Return the one spelling of a number that is used in file names: 10.0 and 10 give "10".

    `float(number_text(x)) == x` for every finite float. Raises ConfigError for NaN and infinity.
    """
    number = float(number)
    if not math.isfinite(number):
        raise ConfigError(f"{number} has no canonical text: a finite number is needed")
    # Adding 0.0 turns -0.0, which equals 0.0, into 0.0.
    return repr(number + 0.0).removesuffix(".0")
