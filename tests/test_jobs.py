"""What a user sees of a job that fails, and what stays in its log."""

import re
import subprocess
import sys
import textwrap

import pytest

from embrittle.jobs import explained

START = """
    import logging, sys, time
    from embrittle import jobs
    from embrittle.errors import DataError
    from embrittle.jobs import job

    jobs.SECONDS_BETWEEN_SIGNS = {seconds}
    with job("logs/rule/one.log") as logger:
"""


@pytest.fixture
def run(tmp_path):
    """Run a job's code as a script: (exit status, what the terminal shows, the log)."""

    def run(body, after="", seconds=30):
        start = textwrap.dedent(START).format(seconds=seconds)
        script = f"{start}{textwrap.indent(textwrap.dedent(body), '    ')}\n{after}"
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.stdout == ""
        return done.returncode, done.stderr, (tmp_path / "logs/rule/one.log").read_text()

    return run


def test_a_job_that_ends_well_logs_to_its_file_and_warns_on_the_terminal_too(run):
    status, terminal, log = run(
        """
        logger.info("read 10 rows")
        logging.getLogger("embrittle.data.splits").warning("2 users have no test item")
        """
    )
    assert status == 0
    assert "read 10 rows" not in terminal
    warned = r"\d\d:\d\d:\d\d rule/one: WARNING: 2 users have no test item\n"
    assert re.fullmatch(warned, terminal)
    info, warning = log.splitlines()
    assert info.endswith("INFO embrittle: read 10 rows")
    assert warning.endswith("WARNING embrittle.data.splits: 2 users have no test item")


def test_a_long_job_says_at_intervals_how_far_it_is_until_it_ends(run):
    status, terminal, log = run(
        """
        for epoch in (1, 2):
            logger.debug("epoch %d of %d", epoch, 9)
            logger.info("read")
            time.sleep(1.5)
        """,
        after="print('ended', file=sys.stderr); time.sleep(1)",
        seconds=0.5,
    )
    assert status == 0
    *signs, last = terminal.splitlines()
    said = [re.sub(r"^\d\d:\d\d:\d\d |, 0\.\d min so far$", "", sign) for sign in signs]
    assert sorted(set(said)) == ["rule/one: epoch 1 of 9", "rule/one: epoch 2 of 9"]
    assert last == "ended"
    assert [line.rpartition(": ")[2] for line in log.splitlines()] == ["read", "read"]


def test_an_error_that_users_can_mend_is_its_message_alone(run):
    status, terminal, log = run(
        """
        logger.info("began")
        raise DataError("the catalogue has only 4 items")
        """
    )
    assert status == 1
    for shown in (terminal, log):
        assert shown.count("DataError: the catalogue has only 4 items") == 1
        assert "Traceback" not in shown
    assert len(terminal.splitlines()) == 1
    assert "began" in log


def test_any_other_error_keeps_its_traceback_in_the_log_as_well(run):
    status, terminal, log = run(
        """
        logger.info("began")
        {}["absent"]
        """
    )
    assert status == 1
    for shown in (terminal, log):
        assert shown.count("Traceback (most recent call last)") == 1
        assert shown.rstrip().endswith("KeyError: 'absent'")
    assert log.index("began") < log.index("Traceback")


def test_a_log_starts_afresh(run):
    run("logger.info('first run')")
    _, _, log = run("logger.info('second run')")
    assert "first run" not in log
    assert "second run" in log


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("import torch; raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2 GiB')",
         r"DeviceError: The memory of the GPU is full \(CUDA out of memory.*\)\. Choose a smaller training\.factors"),
        ("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')",
         r"DeviceError: torch is not installed, but needed for this job\. Install it with `make torch`"),
        ("raise MemoryError", r"MachineError: The machine's memory is full\. .*--cores.*training\.factors"),
        ("raise OSError(28, 'No space left on device', 'x.parquet')",
         r"MachineError: There is no space left for x\.parquet .*run the same command again"),
        ("raise PermissionError(13, 'Permission denied', 'results/x')",
         r"MachineError: results/x cannot be used .*run the same command again"),
    ],
)  # fmt: skip
def test_what_the_machine_lacks_is_said_with_what_to_do(run, error, said):
    status, terminal, log = run(error)
    assert status == 1
    for shown in (terminal, log):
        assert re.search(said, shown)
        assert "Traceback" not in shown


def test_an_error_of_the_program_is_not_explained_away():
    assert explained(KeyError("absent")) is None
    assert explained(ModuleNotFoundError("No module named 'absent'", name="absent")) is None
    assert explained(FileNotFoundError(2, "No such file or directory", "x")) is None
