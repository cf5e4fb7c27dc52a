"""Short lines on the terminal in place of Snakemake's blocks for each job, and the summary at the end of a run.

Snakemake's log file in `.snakemake/log` keeps the blocks.
"""

from __future__ import annotations

import logging
import re
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from embrittle.jobs import job_name

HIDDEN_EVENTS = {"workflow_started", "job_started", "group_info"}
HIDDEN_MESSAGES = re.compile(
    r"Select jobs to execute|Using shell:|Rules claiming more|Conda environments: ignored"
    r"|Removing temporary output|Would remove temporary output"
    r"|(Moving|Symlinking|Copying) output file .* (to|from) cache"
)
BEST_ON_TEST = "Test items select the epochs (training.selection: best-on-test), which config/README.md explains."


class ShortLines(logging.Formatter):
    """Filter and formatter of the messages that Snakemake shows on the terminal.

    The first job that ends after a further percent of all jobs gives one line, which counts the jobs that have ended
    and names those since the last line. A dry run gives one line for each job, with the reason. A job's error lacks
    the lists of files. All other messages keep Snakemake's format.

    Attributes:
        failed: the log file of each job that has failed, by name; jobs that succeed at a later attempt are left out.
    """

    def __init__(self, dry_run: bool = False):
        """Initialise without effect on any logger; `dry_run` says that no job runs."""
        super().__init__()
        self.failed: dict[str, str] = {}
        self._dry_run = dry_run
        self._snakemake: logging.Formatter = logging.Formatter()
        self._names: dict[int, str] = {}
        self._ended: list[str] = []
        self._percent = 0

    def attach(self, logger: logging.Logger) -> None:
        """Format what Snakemake's logger shows on the terminal; no effect with a logger plugin (--logger)."""
        for handler in logger.handlers:
            if handler.get_name() == "DefaultStreamHandler":
                self._snakemake = handler.formatter or self._snakemake
                handler.setFormatter(self)
                handler.addFilter(self)

    def filter(self, record: Any) -> bool:  # Snakemake adds attributes
        """Return whether a message is shown, and keep what later lines need."""
        event = getattr(record, "event", None)
        if event == "job_info":
            self._names[record.jobid] = _name_of(record)
            return self._dry_run
        if event == "job_error":
            self.failed[_name_of(record)] = ", ".join(record.log)
        if event == "job_finished":
            name = self._names.get(record.job_id, f"job {record.job_id}")
            self.failed.pop(name, None)
            self._ended.append(name)
            return False
        if event == "progress":
            before, self._percent = self._percent, 100 * record.done // record.total
            return self._percent > before
        return event not in HIDDEN_EVENTS and not HIDDEN_MESSAGES.match(str(record.msg))

    def format(self, record: Any) -> str:
        """Return the text of a message that is shown."""
        event = getattr(record, "event", None)
        if event == "job_info":
            # Without the files and values that follow a colon.
            reasons = re.findall(r"(?:^|; )([A-Z][^:;]*)", record.reason)
            return f"{_name_of(record)}: {'; '.join(reasons)}"
        if event == "progress":
            ended, self._ended = summed_up(self._ended), []
            done = f"{record.done:>{len(str(record.total))}}"
            return f"{time.strftime('%H:%M:%S')} [{done} of {record.total}] {ended}"
        if event == "job_error":
            message = record.rule_msg or ""
            short = {**vars(record), "input": [], "output": [], "msg": message}
            return self._snakemake.format(logging.makeLogRecord(short))
        return self._snakemake.format(record)


def _name_of(record: Any) -> str:
    return job_name(record.log[0]) if record.log else record.rule_name


def summed_up(names: Iterable[str]) -> str:
    """Return the names of jobs as text: the name of a rule's only job, and the number of jobs of other rules."""
    jobs = defaultdict(list)
    for name in names:
        jobs[name.partition("/")[0]].append(name)
    return ", ".join(
        each[0] if len(each) == 1 else f"{rule} ({len(each)} jobs)" for rule, each in jobs.items()
    )


def success_lines(results: Path) -> list[str]:
    """Return the lines at the end of a run: what the study's folder of results has, and where."""
    lines = [f"All jobs are done. The results are in {results}:"]
    for kind in ("tables", "figures"):
        files = [path for path in (results / kind).rglob("*") if path.is_file()]
        if files:
            lines.append(f"  {len(files)} files of {kind} in {results / kind}")
    lines.append(f"  logs in {results / 'logs'}")
    page = results / "index.html"
    if page.exists():
        lines.append(f"The page of this study: {page.resolve()}")
    return lines


def failure_lines(failed: dict[str, str]) -> list[str]:
    """Return the lines at the end of a run with failed jobs; `failed` as in `ShortLines`."""
    number = f"{len(failed)} job" + "s" * (len(failed) > 1) if failed else "Some jobs"
    return [
        f"{number} failed; the outputs of all other jobs are complete.",
        *(f"  {name}: see {log}" for name, log in failed.items()),
        "Fix the cause and run the same command again, or add --config missing=report to make tables and figures "
        "without the missing results.",
    ]
