"""What a terminal shows of a run, with Snakemake's own handler and formatter."""

import io
import logging

import pytest
from snakemake.logging import ColorizingTextHandler, DefaultFormatter

from embrittle_workflow.terminal import ShortLines, failure_lines, success_lines, summed_up

LOGS = "results/tiny/logs"


class Run:
    """A run of which Snakemake's messages are made up."""

    def __init__(self, dry_run=False, handler="DefaultStreamHandler"):
        self.stream = io.StringIO()
        shown = ColorizingTextHandler(
            stream=self.stream, formatter=DefaultFormatter(show_failed_logs=True)
        )
        shown.set_name(handler)
        self.logger = logging.Logger("a run")
        self.logger.addHandler(shown)
        self.lines = ShortLines(dry_run)
        self.lines.attach(self.logger)

    def say(self, event, message=None, **fields):
        self.logger.info(message, extra={"event": event, **fields})

    def start(self, number, name, reason="Missing output files: x"):
        rule = name.partition("/")[0]
        self.say(
            "job_info", jobid=number, rule_name=rule, log=[f"{LOGS}/{name}.log"], reason=reason
        )  # fmt: skip

    def end(self, number, done, total):
        self.say("job_finished", "Finished", job_id=number)
        self.say("progress", done=done, total=total)

    def fail(self, number, name, log):
        self.say(
            "job_error", "Error", jobid=number, rule_name=name.partition("/")[0], rule_msg=None, log=[log],
            input=["a.parquet", "b.parquet"], output=["c.parquet"], conda_env=None, shellcmd=None, aux={}, indent=False,
        )  # fmt: skip

    @property
    def shown(self):
        return self.stream.getvalue()


def without_times(text):
    return [line.partition(" ")[2] for line in text.splitlines()]


def test_a_finished_job_is_one_line_with_its_name():
    run = Run()
    run.say("workflow_started", "Workflow has started!")
    run.logger.info("Select jobs to execute...")
    run.say("job_started", "Execute 2 jobs...")
    run.logger.info("Removing temporary output x.safetensors.")
    run.logger.info("Moving output file x.safetensors to cache.")
    run.logger.info("Symlinking output file x.safetensors from cache.")
    run.start(7, "train_model/shop/AMF/seed-0/epoch-4")
    run.start(8, "list_missing")
    run.end(8, done=1, total=12)
    run.end(7, done=2, total=12)
    assert without_times(run.shown) == [
        "[ 1 of 12] list_missing",
        "[ 2 of 12] train_model/shop/AMF/seed-0/epoch-4",
    ]


def test_a_thousand_jobs_are_a_hundred_lines_that_count_them_all():
    run = Run()
    for number in range(1, 1001):
        run.start(number, f"attack_model/shop/AMF/{number}")
        run.end(number, done=number, total=1000)
    lines = without_times(run.shown)
    assert len(lines) == 100
    assert lines[0] == "[  10 of 1000] attack_model (10 jobs)"
    assert lines[-1] == "[1000 of 1000] attack_model (10 jobs)"


def test_jobs_of_several_rules_are_summed_up_by_rule():
    jobs = ["attack_model/a", "train_model/shop/AMF", "attack_model/b"]
    assert summed_up(jobs) == "attack_model (2 jobs), train_model/shop/AMF"


def test_an_error_has_rule_and_log_but_no_lists_of_files(tmp_path):
    log = tmp_path / "logs/train_model/shop/AMF.log"
    log.parent.mkdir(parents=True)
    log.write_text("ERROR embrittle: TrainingError: The loss of AMF is nan")
    run = Run()
    run.fail(7, "train_model/shop/AMF", str(log))
    assert "Error in rule train_model:" in run.shown
    assert f"log: {log} (check log file(s)" in run.shown
    assert "TrainingError: The loss of AMF is nan" in run.shown
    for left_out in ("a.parquet", "c.parquet", "None"):
        assert left_out not in run.shown
    assert failure_lines(run.lines.failed)[:2] == [
        "1 job failed; the outputs of all other jobs are complete.",
        f"  train_model/shop/AMF: see {log}",
    ]


def test_a_job_that_succeeds_at_its_second_attempt_has_not_failed(tmp_path):
    run = Run()
    for number, name in enumerate(("one", "two")):
        run.start(number, name)
        run.fail(number, name, f"{LOGS}/{name}.log")
    run.end(0, done=1, total=2)
    assert run.lines.failed == {"two": f"{LOGS}/two.log"}


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("Missing output files: results/x.csv; Input files updated by another job: a.csv, b.csv",
         "Missing output files; Input files updated by another job"),
        ("Params have changed since last execution: Union of exclusive params before: code='1' now: code='2'",
         "Params have changed since last execution"),
        ("Forced execution", "Forced execution"),
    ],
)  # fmt: skip
def test_a_dry_run_has_a_line_for_each_job_with_the_reason(reason, said):
    run = Run(dry_run=True)
    run.start(3, "split_dataset/shop", reason)
    run.logger.info("Would remove temporary output x.safetensors")
    assert run.shown.strip() == f"split_dataset/shop: {said}"


def test_all_other_messages_are_as_snakemake_words_them():
    run = Run()
    run.logger.warning("Nothing to be done")
    run.say("run_info", "Job stats:\ntotal 48")
    run.say("group_error", "node failed", aux_logs=[], job_error_info=[])
    lines = run.shown.splitlines()
    assert lines[:3] == ["Nothing to be done", "Job stats:", "total 48"]
    assert "    message: node failed" in lines


def test_a_logger_plugin_keeps_its_own_format():
    run = Run(handler="a plugin's")
    run.logger.info("Select jobs to execute...")
    assert run.shown == "Select jobs to execute...\n"


def test_the_end_says_what_came_out_and_where_the_page_is(tmp_path):
    for name in ("tables/table1.csv", "tables/table1.md", "figures/shop/figure1.pdf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    lines = success_lines(tmp_path)
    assert f"  2 files of tables in {tmp_path / 'tables'}" in lines
    assert f"  1 files of figures in {tmp_path / 'figures'}" in lines
    assert not any("page" in line for line in lines)
    (tmp_path / "index.html").touch()
    assert success_lines(tmp_path)[-1] == f"The page of this study: {tmp_path / 'index.html'}"
    assert len(success_lines(tmp_path)) == 5
