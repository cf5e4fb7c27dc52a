"""The table of results: its rows, and its forms as CSV and Markdown."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from embrittle.files import write_csv, write_text

from .timing import Seconds

_COMPARISONS = {">=": operator.ge, "<=": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Target:
    """A limit that one quantity of a row is held against.

    Attributes:
        quantity: "ratio", "seconds" or "peak_memory_mb".
        comparison: ">=", "<=" or "<".
        limit: in the quantity's unit.
    """

    quantity: str
    comparison: str
    limit: float

    def __str__(self) -> str:
        """As it stands in the table, such as "ratio >= 1.3"."""
        return f"{self.quantity} {self.comparison} {self.limit:g}"

    def met_by(self, value: float) -> bool:
        """Whether a value of the quantity keeps to the limit."""
        return _COMPARISONS[self.comparison](value, self.limit)


@dataclass(frozen=True)
class Row:
    """One measured thing.

    Attributes:
        part: the work, such as "BPR-MF epoch"; rows of one part do the same.
        name: who or what does it.
        seconds: one figure a round; none where only memory was measured.
        ratios: this row's seconds divided by those of `ratio_to`, round by round; empty if it is not compared.
        ratio_to: name of what it is compared with.
        target: what the project asks for, if anything.
        peak_memory_mb: largest resident memory of its process, in 10^6 bytes.
        device: "cpu" or the name of the GPU.
    """

    part: str
    name: str
    seconds: Seconds = ()
    ratios: Seconds = ()
    ratio_to: str = ""
    target: Target | None = None
    peak_memory_mb: float | None = None
    device: str = "cpu"

    def summary(self) -> dict[str, object]:
        """Return the row of benchmarks.csv: medians and ranges over the rounds, None where nothing was measured."""
        values = {
            **_spread("seconds", self.seconds),
            "repeats": len(self.seconds),
            "peak_memory_mb": self.peak_memory_mb,
            **_spread("ratio", self.ratios),
        }
        met = None if self.target is None else self.target.met_by(values[self.target.quantity])
        return {
            "part": self.part,
            "name": self.name,
            "device": self.device,
            **values,
            "ratio_to": self.ratio_to or None,
            "target": None if self.target is None else str(self.target),
            "met": met,
        }


def _spread(name: str, values: Seconds) -> dict[str, float | None]:
    if not values:
        return {name: None, f"{name}_min": None, f"{name}_max": None}
    return {name: median(values), f"{name}_min": min(values), f"{name}_max": max(values)}


def markdown(rows: Sequence[Row], machine: Mapping[str, object], notes: Sequence[str]) -> str:
    """Return the table with its notes and the machine it was measured on."""
    head = ["what", "who", "time (range)", "peak memory", "ratio (range)", "target", "met"]
    lines = grid(head, map(_cells, rows))
    lines += ["", *(f"- {note}" for note in notes)] if notes else []
    lines += ["", *grid(["machine", ""], ([name, str(value)] for name, value in machine.items()))]
    return "\n".join(lines) + "\n"


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def _cells(row: Row) -> list[str]:
    summary = row.summary()
    memory, target = row.peak_memory_mb, row.target
    return [
        row.part,
        row.name if row.device == "cpu" else f"{row.name} ({row.device})",
        _with_range(summary, "seconds", _duration),
        "" if memory is None else _memory(memory),
        _ratio(row, summary),
        "" if target is None else f"{target.comparison} {_WRITTEN[target.quantity](target.limit)}",
        {None: "", True: "yes", False: "no"}[summary["met"]],
    ]


def _ratio(row: Row, summary: Mapping[str, object]) -> str:
    if not row.ratios:
        return ""
    return f"{_with_range(summary, 'ratio', _times)} {row.ratio_to}"


def _with_range(summary: Mapping[str, object], name: str, written: Callable[[float], str]) -> str:
    middle, low, high = (summary[key] for key in (name, f"{name}_min", f"{name}_max"))
    if middle is None:
        return ""
    return (
        written(middle) if low == high else f"{written(middle)} ({written(low)} to {written(high)})"
    )


def _duration(seconds: float) -> str:
    """Seconds in the unit in which they read best, with three digits."""
    if seconds >= 120:
        return f"{seconds / 60:.1f} min"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def _times(ratio: float) -> str:
    return f"{ratio:.3g} x"


def _memory(megabytes: float) -> str:
    return f"{megabytes:.0f} MB"


_WRITTEN = {"ratio": _times, "seconds": _duration, "peak_memory_mb": _memory}


def write(
    rows: Sequence[Row], machine: Mapping[str, object], notes: Sequence[str], folder: Path
) -> str:
    """Write benchmarks.csv, rounds.csv, machine.csv and benchmarks.md to `folder`; return the Markdown."""
    import pandas as pd  # here, because the GPU's benchmark makes rows and runs where pandas may be missing

    rounds = [
        {"part": row.part, "name": row.name, "device": row.device, "round": n, "seconds": seconds}
        for row in rows
        for n, seconds in enumerate(row.seconds, start=1)
    ]
    columns = ["part", "name", "device", "round", "seconds"]
    write_csv(pd.DataFrame([row.summary() for row in rows]), folder / "benchmarks.csv")
    write_csv(pd.DataFrame(rounds, columns=columns), folder / "rounds.csv")
    write_csv(pd.DataFrame(machine.items(), columns=["key", "value"]), folder / "machine.csv")
    text = markdown(rows, machine, notes)
    write_text(text, folder / "benchmarks.md")
    return text
