"""The benchmark's arithmetic, that what it compares does the same work, and the runner on a tiny data set."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import (
    command,
    embeddings,
    equality,
    gpu,
    gpu_checks,
    gpu_times,
    jobs,
    libraries,
    loops,
    machine,
    made_up,
    measurements,
    plain,
    run,
    scale,
    table,
    timing,
)
from benchmarks.measurements import Effort
from benchmarks.setting import BPR_MF, Problem
from benchmarks.table import Row, Target
from embrittle.data.interactions import UserItems
from embrittle.errors import ConfigError
from embrittle.files import write_json, write_parquet
from embrittle.kernels import cuda, reference
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.numba_graph import Graph
from embrittle.kernels.ranking import target_ranks, top_items
from embrittle.kernels.ranking_losses import RankingLoss, sharpness_of
from embrittle.kernels.sampling import TripleSampler
from embrittle.models.training import initial_factors

N_USERS, N_ITEMS = 60, 50
ONCE = Effort(repeats=1, epochs=1, plain_batches=1)


@pytest.fixture
def folder(tmp_path):
    """A split with more than two batches of training interactions; user 3 has no test item."""
    rng = np.random.default_rng(5)
    train = rng.random((N_USERS, N_ITEMS)) < 0.4
    users, items = np.nonzero(train)
    tested = np.delete(np.arange(N_USERS), 3)
    parts = {
        "train": (users, items),
        "test": (tested, np.argmin(train[tested], axis=1)),
        "validation": ([], []),
    }
    for part, (who, what) in parts.items():
        columns = {"user": np.asarray(who, "int32"), "item": np.asarray(what, "int32")}
        write_parquet(columns, tmp_path / f"{part}.parquet")
    write_json({"n_users": N_USERS, "n_items": N_ITEMS}, tmp_path / "statistics.json")
    return tmp_path


@pytest.fixture
def problem(folder):
    return Problem.read(folder)


@pytest.fixture
def factors(problem):
    """Large enough for scores to differ."""
    settings = replace(BPR_MF, init_scale=0.5)
    return initial_factors(problem.train.n_users, problem.train.n_items, settings, 1)


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the test moves: [seconds]."""
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    return now


def test_rounds_run_forwards_and_backwards_after_one_that_does_not_count():
    calls = []

    def measurement(name):
        def measure():
            calls.append(name)
            return float(len(calls))

        return measure

    seconds = timing.side_by_side({"A": measurement("A"), "B": measurement("B")}, repeats=3)
    assert "".join(calls) == "AB" + "AB" + "BA" + "AB"
    assert seconds == {"A": (3.0, 6.0, 7.0), "B": (4.0, 5.0, 8.0)}


def test_a_ratio_is_the_median_of_the_rounds_not_the_ratio_of_the_medians():
    # The machine is ten times slower in the last two rounds; theirs takes twice as long as ours in every round.
    ours, theirs = (1.0, 10.0, 10.0, 1.0, 3.0), (2.0, 20.0, 20.0, 2.0, 6.0)
    row = Row(
        "epoch", "theirs", theirs, timing.ratios(theirs, ours), "ours", Target("ratio", ">=", 2)
    )
    summary = row.summary()
    assert (summary["ratio"], summary["ratio_min"], summary["ratio_max"]) == (2, 2, 2)
    assert (summary["seconds"], summary["seconds_min"], summary["seconds_max"]) == (6, 2, 20)
    assert summary["repeats"] == 5
    uneven = Row(
        "epoch", "theirs", (4.0, 3.0, 50.0), timing.ratios((4.0, 3.0, 50.0), (1.0, 3.0, 10.0))
    )
    assert uneven.summary()["ratio"] == 4
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        timing.ratios((1.0, 2.0), (1.0,))


@pytest.mark.parametrize(
    ("target", "value", "met"),
    [
        (Target("ratio", ">=", 1.3), 1.3, True),
        (Target("ratio", ">=", 1.3), 1.29, False),
        (Target("ratio", "<=", 2.5), 2.5, True),
        (Target("ratio", "<=", 2.5), 2.51, False),
        (Target("peak_memory_mb", "<", 1500), 1500, False),
        (Target("peak_memory_mb", "<", 1500), 1499, True),
    ],
)
def test_a_target_is_met_or_not(target, value, met):
    assert target.met_by(value) is met


def test_a_target_is_held_against_its_own_quantity():
    slow = Row("job", "x", (4.0,), peak_memory_mb=100.0, target=Target("seconds", "<=", 3))
    assert slow.summary()["met"] is False
    small = Row("job", "x", (4.0,), peak_memory_mb=100.0, target=Target("peak_memory_mb", "<", 200))
    assert small.summary()["met"] is True


def test_the_table_in_markdown():
    rows = [
        Row("epoch", "ours", (0.25, 0.24, 0.26)),
        Row(
            "epoch", "theirs", (0.5, 0.6, 0.52), (2.0, 2.5, 2.0), "ours", Target("ratio", ">=", 10)
        ),
        Row("training", "both", (960.0,), target=Target("seconds", "<=", 1500), device="Some GPU"),
        Row("memory", "both", peak_memory_mb=345.6, target=Target("peak_memory_mb", "<", 1500)),
    ]
    assert table.markdown(rows, {"cores": 2}, ["A note."]).splitlines() == [
        "| what | who | time (range) | peak memory | ratio (range) | target | met |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| epoch | ours | 250 ms (240 ms to 260 ms) |  |  |  |  |",
        "| epoch | theirs | 520 ms (500 ms to 600 ms) |  | 2 x (2 x to 2.5 x) ours | >= 10 x | no |",
        "| training | both (Some GPU) | 16.0 min |  |  | <= 25.0 min | yes |",
        "| memory | both |  | 346 MB |  | < 1500 MB | yes |",
        "",
        "- A note.",
        "",
        "| machine |  |",
        "| --- | --- |",
        "| cores | 2 |",
    ]


def test_the_training_is_extrapolated_round_by_round():
    row = loops.budget_row((0.2, 0.3), (0.4, 0.5), (0.1, 0.2))
    # 2,000 BPR-MF epochs, 1,000 AMF epochs, and an evaluation at every tenth of these 3,000
    assert row.seconds == pytest.approx((400 + 400 + 30, 600 + 500 + 60))
    assert row.summary()["met"] is True


def test_what_a_library_does_before_its_first_epoch_is_subtracted(clock):
    def fit(epochs):
        clock[0] += 7 + 3 * epochs

    assert libraries.epoch_of(fit, epochs=4)() == 3


def test_some_batches_of_a_plain_epoch_are_scaled_up_to_all(clock, problem):
    sizes = []

    def epoch(triples):
        sizes.append(len(triples))
        clock[0] += len(triples) / 512

    n_batches = len(problem.train.indices) // 512
    assert n_batches == 2
    assert measurements.plain_epoch(epoch, problem, batches=1)() == n_batches
    assert measurements.plain_epoch(epoch, problem, batches=100)() == n_batches
    assert sizes == [512, 1024]


def test_the_numpy_versions_do_what_ours_do(problem, factors):
    train, model = problem.train, (factors.user_factors, factors.item_factors)
    csr = (train.indptr, train.indices)
    ranks = plain.numpy_target_ranks(*model, *csr, problem.targets())
    ours = target_ranks(CpuBackend(), *model, train, problem.test)
    np.testing.assert_array_equal(ranks[problem.test.users], ours)
    assert ranks[3] == 0
    np.testing.assert_array_equal(
        plain.numpy_top_items(*model, *csr, 10), top_items(CpuBackend(), *model, train, 10)[0]
    )


def test_the_plain_epochs_do_what_ours_does(problem, factors):
    train, step = problem.train, BPR_MF.step()
    triples = TripleSampler(train.indptr, train.indices, train.n_items).draw(
        np.random.SeedSequence([0])
    )
    as_tensor = torch.from_numpy(triples.astype(np.int64))
    plain_epochs = [make(factors, step) for make in (plain.reference_epoch, plain.optimiser_epoch)]
    found = [[array.detach().numpy() for array in epoch(as_tensor)] for epoch in plain_epochs]
    CpuBackend().train_epoch(factors, triples, step)
    for users, items in found:
        np.testing.assert_allclose(users, factors.user_factors, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(items, factors.item_factors, rtol=1e-4, atol=1e-5)


def test_the_plain_gradients_are_the_same(problem, factors):
    train = problem.train
    triples = TripleSampler(train.indptr, train.indices, train.n_items).draw(
        np.random.SeedSequence([0])
    )
    parameters = [torch.from_numpy(a) for a in (factors.user_factors, factors.item_factors)]
    as_tensor = torch.from_numpy(triples.astype(np.int64))
    expected = reference.gradient(parameters, as_tensor)
    for found, wanted in zip(
        plain.embedding_gradient(parameters, as_tensor), expected, strict=True
    ):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_the_plain_ranking_loss_is_ours(problem, factors):
    users, items = factors.user_factors, factors.item_factors
    lists, _ = top_items(CpuBackend(), users, items, problem.train, 10)
    owners = np.repeat(np.arange(len(lists)), 10)
    size = problem.train.n_users, problem.train.n_items
    targets = UserItems.from_pairs(owners, lists.ravel(), *size)
    loss = RankingLoss("smooth-rank", problem.train, targets, sharpness_of(users, items, 0.1))
    ours = CpuBackend().ranking_gradient(users, items, loss)
    by_torch = plain.ranking_gradient_by_autograd(users, items, loss, n_block=7)
    assert by_torch[0] == pytest.approx(ours[0].sum(), rel=1e-4)
    for found, expected in zip(ours[1:], by_torch[1:], strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_the_plain_propagations_do_what_ours_does(problem, factors):
    rows, graph = (
        np.concatenate([factors.user_factors, factors.item_factors]),
        Graph.of(problem.train),
    )
    ours = graph.mean_of_layers(graph.mean_of_layers(rows, 3), 3)
    matrix = plain.scipy_graph(graph)
    by_scipy = plain.mean_of_layers(matrix, plain.mean_of_layers(matrix, rows, 3), 3)
    by_torch = plain.torch_mean_of_layers(plain.torch_graph(graph), rows, 3)
    np.testing.assert_allclose(by_scipy, ours, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(by_torch, ours, rtol=1e-4, atol=1e-5)


@pytest.fixture
def library(monkeypatch, clock):
    """A library whose epoch takes 2 seconds; on the test's clock, everything else takes none."""

    def fit_of(problem):
        def fit(epochs):
            clock[0] += 1 + 2 * epochs

        return fit

    monkeypatch.setattr(libraries, "installed", lambda: {"other 1.0": fit_of})
    monkeypatch.setattr(loops, "ratios", lambda numerators, denominators: numerators)
    return "other 1.0"


def test_an_epoch_is_compared_with_every_library_and_with_autograd(problem, library):
    rows = loops.epoch_rows(loops.measure_epochs(problem, Effort(2, 3, 1)))
    assert [(row.part, row.name, row.ratio_to) for row in rows] == [
        ("BPR-MF epoch", "embrittle", ""),
        ("BPR-MF epoch", library, "embrittle"),
        ("BPR-MF epoch", loops.REFERENCE, "embrittle"),
        ("BPR-MF epoch", loops.OPTIMISER, "embrittle"),
        ("AMF epoch", "embrittle", "BPR-MF epoch"),
    ]
    assert rows[1].seconds == (2.0, 2.0)
    assert [str(row.target) for row in rows[1:]] == [
        "ratio >= 1.3",
        "ratio >= 10",
        "ratio >= 10",
        "ratio <= 2.5",
    ]


def test_a_continued_attack_is_compared_with_one_from_the_beginning_for_each_number_of_iterations(
    problem,
):
    one, each = loops.grid_rows(problem, repeats=2, full=False)
    assert (one.name, each.name) == ("continued, 50 steps", "from the beginning, 151 steps")
    assert (each.ratio_to, len(each.ratios), one.part) == (one.name, 2, each.part)
    one, each = loops.grid_rows(problem, repeats=1, full=True)
    assert (one.name, each.name) == ("continued, 300 steps", "from the beginning, 4651 steps")


def test_the_runner_writes_the_table(folder, tmp_path, monkeypatch, capsys):
    for name in command.ONE_THREAD:
        monkeypatch.setenv(name, "1")
    monkeypatch.setattr(libraries, "LIBRARIES", {"not_to_be_found": None})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    output = tmp_path / "out"
    sizes = ["--repeats", "2", "--job-repeats", "2", "--epochs", "1", "--plain-batches", "1"]
    run.main(["--split", str(folder), "--output", str(output), *sizes, "--parts", "loops", "gpu"])
    rows = pd.read_csv(output / "benchmarks.csv")
    assert rows["part"].tolist() == [
        *["BPR-MF epoch"] * 3,
        "AMF epoch",
        *["full-batch gradient"] * 3,
        *["step of an attack"] * 3,
        *["gradient of smooth-rank, all lists"] * 2,
        "gradient of margin, all lists",
        *["certified radii"] * 3,
        *["propagation of LightGCN, forward and backward"] * 3,
        *["ranks of the test items"] * 2,
        *["top-10 lists"] * 2,
        "training",
        *["BIM's lists at 6 numbers of iterations"] * 2,
    ]
    assert rows["repeats"].eq(2).all()
    assert (rows["seconds"] > 0).all()
    rounds = pd.read_csv(output / "rounds.csv")
    reference_rows = rounds[rounds["name"] == loops.REFERENCE]["seconds"].to_numpy()
    ours = rounds[(rounds["part"] == "BPR-MF epoch") & (rounds["name"] == "embrittle")]["seconds"]
    ratio = rows.loc[rows["name"] == loops.REFERENCE, "ratio"].iloc[0]
    assert ratio == pytest.approx(np.median(reference_rows[:2] / ours.to_numpy()))
    printed = capsys.readouterr().out
    assert printed == (output / "benchmarks.md").read_text(encoding="utf-8")
    assert "not_to_be_found is not installed here, so its row is missing" in printed
    assert "torch sees no CUDA device here, so the rows of the GPU are missing." in printed
    assert "Not asked for: training, jobs." in printed
    assert set(pd.read_csv(output / "machine.csv")["key"]) >= {"processor", "cores", "numpy"}


def test_the_runner_starts_again_with_one_thread(folder, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    started = []

    def execve(program, command, environment):
        started.append((command[1:], environment))
        raise SystemExit

    monkeypatch.setattr(command.os, "execve", execve)
    with pytest.raises(SystemExit):
        run.main(["--split", str(folder), "--full"])
    arguments, environment = started[0]
    assert arguments == ["-m", "benchmarks.run", "--split", str(folder), "--full"]
    assert all(environment[name] == "1" for name in command.ONE_THREAD)


def test_a_missing_split_is_answered_with_the_command_that_makes_it(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        run.parse(["--split", str(tmp_path)])
    line = "snakemake --cores all --configfile config/paper.yaml results/paper/data/ml-1m/split"
    assert line in capsys.readouterr().err


def test_a_training_really_runs_and_tells_its_time_and_memory(problem, monkeypatch):
    monkeypatch.setattr(jobs, "BPR_EPOCHS", 2)
    monkeypatch.setattr(jobs, "AMF_EPOCHS", 1)
    timed, measured = jobs.training_rows(problem, full=True)
    assert timed.name == measured.name == "2 BPR-MF + 1 AMF epochs, really run"
    assert str(timed.target) == "seconds <= 1500"
    assert str(measured.target) == "peak_memory_mb < 1500"
    assert 50 < measured.peak_memory_mb < 1500  # Python with NumPy and numba at least


def test_a_training_that_is_not_full_is_100_times_shorter_and_not_timed(problem, monkeypatch):
    asked = []

    def train_both(problem, start_epoch, epochs):
        asked.append((start_epoch, epochs))
        return 1.0, 300.0

    monkeypatch.setattr(jobs, "train_both", train_both)
    (row,) = jobs.training_rows(problem, full=False)
    assert asked == [(10, 20)]
    assert (row.seconds, row.peak_memory_mb) == ((), 300.0)
    timed, _ = jobs.training_rows(problem, full=True)
    assert asked == [(10, 20), (1000, 2000)]
    assert timed.seconds == (1.0,)


def test_an_attack_job_runs_on_next_to_nothing(tmp_path):
    row = jobs.fixed_cost_row(repeats=1)
    assert len(row.seconds) == 1
    assert str(row.target) == "seconds <= 3"


def test_own_embeddings_are_brought_in_and_listed():
    size = embeddings.Size(users=40, items=30, factors=64)
    read, listed = embeddings.measure(size)
    assert (read.part, listed.part) == (
        "own embeddings, read and checked",
        "top-10 lists of own embeddings",
    )
    assert read.name == "40 users, 30 items, 64 factors"
    assert size.megabytes == pytest.approx(70 * 64 * 4 / 1e6)
    assert all(50 < row.peak_memory_mb < 2000 and row.seconds[0] > 0 for row in (read, listed))
    assert read.target.limit == pytest.approx(2000 + size.megabytes)


def test_a_failed_job_is_shown_with_its_message(tmp_path):
    inputs = jobs.write_tiny_inputs(tmp_path)
    job = {
        "input": inputs,
        "output": {"lists": str(tmp_path / "lists.parquet")},
        "params": {"attack": {"definition": {"method": "bim"}, "loss": "bpr", "length": 31}},
        "wildcards": {"epsilon": "0.5", "iterations": "1", "seed": "0"},
    }
    with pytest.raises(RuntimeError, match="the catalogue has only 30 items"):
        jobs.run_script("attack/attack_model.py", job, tmp_path)


# --- On a GPU: the same operations, here on the CPU -----------------------------------------------


def test_the_torch_versions_of_the_ranking_do_what_ours_do(problem, factors):
    train, model = problem.train, (factors.user_factors, factors.item_factors)
    placed = [torch.from_numpy(array) for array in model]
    seen = torch.from_numpy(np.stack([problem.users(), train.indices]).astype(np.int64))
    ranks = plain.torch_target_ranks(
        *placed, seen, torch.from_numpy(problem.targets().astype(np.int64))
    )
    ours = target_ranks(CpuBackend(), *model, train, problem.test)
    np.testing.assert_array_equal(ranks[problem.test.users], ours)
    lists = plain.torch_top_items(*placed, seen, 10)
    np.testing.assert_array_equal(lists, top_items(CpuBackend(), *model, train, 10)[0])


@pytest.fixture
def gpu_command(tmp_path, monkeypatch):
    """Runs the command small on the CPU; returns its exit code and the CSV, if it has written one."""
    for name in command.ONE_THREAD:
        monkeypatch.setenv(name, "1")

    def run_command(*more):
        path = tmp_path / "gpu.csv"
        sizes = ["--quick", "--device", "cpu", "--made-up", str(N_USERS), str(N_ITEMS), "1500"]
        code = gpu.main([*sizes, "--output", str(path), *more])
        return code, pd.read_csv(path) if path.exists() else None

    return run_command


def test_the_gpus_command_checks_times_and_writes(gpu_command, capsys):
    code, written = gpu_command()
    assert code == 0
    checks = written[written["kind"] == "check"]
    assert checks["passed"].all()
    assert (checks["value"] <= checks["limit"]).all()
    assert checks["reason"].str.len().gt(5).all()
    parts = set(checks["part"])
    for model in ("BPR-MF", "AMF"):
        for steps in (4, 50):
            assert f"{model}, bpr, 2 x {steps} steps, no captured graph" in parts
    assert parts >= {"bim l2 resampled", "pgd", "fgsm", "noise", "scores", "gradient, bpr, trained"}
    assert set(checks["against"]) >= {gpu_checks.AUTOGRAD, gpu_checks.COMPILED}
    rounded = checks[checks["against"] == gpu_checks.AUTOGRAD]["value"]
    assert (rounded > 0).all()  # float64 and float32 are not the same bits: something was compared
    times = written[written["kind"] == "time"]
    seconds = times[times["quantity"] == "seconds"]
    assert seconds.groupby(["part", "name"]).size().eq(3).all()
    assert set(seconds["part"]) == {
        *("BPR-MF epoch", "AMF epoch", "triples of an epoch", "full-batch gradient"),
        *("ranks of the test items", "top-10 lists"),
    }
    chosen = times[(times["part"] == "AMF epoch") & (times["name"] == gpu_times.COMPILED)]
    by_round = chosen[chosen["quantity"] == "ratio"]
    assert set(by_round["against"]) == {gpu_times.OURS}
    median = chosen.loc[chosen["quantity"] == "ratio, median", "value"].item()
    assert median == pytest.approx(np.median(by_round["value"]))
    about = {"users": N_USERS, "items": N_ITEMS, "training interactions": 1440, "seed": 0}
    assert all(written[name].eq(value).all() for name, value in about.items())
    assert {"GPU", "CUDA", "torch", "numba"} <= set(written.columns)
    printed = capsys.readouterr().out
    assert "| check | against | largest difference | at most | because | passed |" in printed
    assert "| AMF epoch | embrittle, torch (torch on the CPU) |" in printed


def test_the_gpus_command_measures_a_split_that_it_is_given(gpu_command, folder):
    code, written = gpu_command("--data", str(folder))
    assert code == 0
    assert written["data"].eq(folder.name).all()
    assert written["training interactions"].eq(len(Problem.read(folder).train.indices)).all()


@pytest.mark.parametrize(
    ("method", "changed", "failed"),
    [
        ("full_batch_gradient", lambda pair: (pair[0], 1.001 * pair[1]), "gradient, bpr, trained"),
        ("ascent_step_in_ball", lambda delta: 1.00001 * delta, "step, l2, within 0.5"),
        ("scores", lambda scores: scores.astype(np.float16).astype(np.float32), "scores"),
        ("put", lambda array: 1.0000003 * array, "factors, there and back"),
    ],
)
def test_a_wrong_operation_fails_the_checks(gpu_command, monkeypatch, method, changed, failed):
    right = getattr(gpu_checks.CudaBackend, method)
    wrong = lambda self, *given: changed(right(self, *given))  # noqa: E731
    monkeypatch.setattr(gpu_checks.CudaBackend, method, wrong)
    code, written = gpu_command()
    assert code == 1
    checks = written[written["kind"] == "check"]
    assert failed in set(checks.loc[~checks["passed"].astype(bool), "part"])


@pytest.mark.parametrize("model", ["BPR-MF", "AMF"])
def test_a_wrong_step_fails_the_checks_of_epochs(gpu_command, monkeypatch, model):
    """A stale gradient for BPR-MF: the buffers are not cleared. For AMF: perturbations 0.1 % too long."""
    if model == "BPR-MF":
        monkeypatch.setattr(torch.Tensor, "index_fill_", lambda array, *given: array)
    else:
        right = cuda._unit_rows
        monkeypatch.setattr(cuda, "_unit_rows", lambda array: 1.001 * right(array))
    code, written = gpu_command()
    assert code == 1
    checks = written[written["kind"] == "check"]
    failed = set(checks.loc[~checks["passed"].astype(bool), "part"])
    assert f"{model}, bpr, 2 x 4 steps, no captured graph" in failed
    assert ("BPR-MF, bpr, 2 x 4 steps, no captured graph" in failed) == (model == "BPR-MF")


def test_an_error_in_one_part_is_a_failed_check_and_the_rest_goes_on(
    gpu_command, monkeypatch, capsys
):
    def scores(self, *given):
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(gpu_checks.CudaBackend, "scores", scores)
    code, written = gpu_command()
    assert code == 1
    failed = written[written["passed"].astype(str) == "False"]
    assert failed["part"].tolist() == ["ranking", "timing: ranking"]
    assert "AMF epoch" in set(written.loc[written["kind"] == "time", "part"])
    assert "not permitted when stream is capturing" in capsys.readouterr().err


def test_a_nan_is_a_failed_check():
    values = np.ones(3), np.array([1, np.nan, 1])
    difference = gpu_checks.largest_difference([values[0], values[1]], [values[0], values[0]])
    assert not gpu_checks.Check("x", "y", difference, gpu_checks.Tolerance(1e9, "")).passed


def test_missing_packages_are_named_with_the_line_that_installs_them(
    gpu_command, monkeypatch, capsys
):
    there = gpu.find_spec
    monkeypatch.setattr(gpu, "find_spec", lambda name: None if name == "numba" else there(name))

    def import_module(name):
        if name == "numpy":
            raise ImportError("it is broken")

    monkeypatch.setattr(gpu.importlib, "import_module", import_module)
    assert gpu_command() == (2, None)
    told = capsys.readouterr().err
    assert "numba is not installed" in told
    assert "numpy cannot be imported: it is broken" in told
    assert "pip install 'numpy>=1.26' 'numba>=0.60'" in told
    assert "torch" not in told


def test_a_gpu_that_is_not_there_ends_the_command(gpu_command, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu_command("--device", "cuda") == (2, None)
    assert "torch finds no CUDA device" in capsys.readouterr().err


def test_the_gpus_command_needs_little(tmp_path):
    """What is not among NEEDED must not be imported, or the command would not start on a bare machine."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys("
        "['pandas', 'pyarrow', 'safetensors', 'snakemake', 'requests', 'filelock']));"
        "from benchmarks import gpu; sys.exit(gpu.main(sys.argv[1:]))"
    )
    sizes = ["--quick", "--device", "cpu", "--made-up", str(N_USERS), str(N_ITEMS), "1500"]
    environment = {**os.environ, **command.ONE_THREAD}
    done = subprocess.run(
        [sys.executable, "-c", code, *sizes, "--output", str(tmp_path / "gpu.csv")],
        env=environment,
        check=False,
    )
    assert done.returncode == 0


def test_the_made_up_data_are_skewed_like_movielens():
    problem = made_up.make_problem(600, 400, 10_000, 3)
    train = problem.train
    counts = np.diff(train.indptr) + 1  # a test item each
    assert counts.sum() == 10_000
    assert counts.min() >= 8
    assert counts.max() > 5 * np.median(counts)
    popularity = np.sort(train.item_counts())[::-1]
    assert popularity[:40].sum() > 0.25 * popularity.sum()
    for user in (0, 599):
        own = train.indices[train.indptr[user] : train.indptr[user + 1]].tolist()
        assert len(set(own)) == len(own)
        assert problem.test.indices[user] not in own
    again = made_up.make_problem(600, 400, 10_000, 3)
    np.testing.assert_array_equal(again.train.indices, train.indices)
    with pytest.raises(ConfigError, match="have no 100000000 interactions"):
        made_up.make_problem(600, 400, 10**8, 3)


def test_the_description_names_no_machine():
    assert list(machine.describe()) == [
        *["processor", "cores", "threads used", "GPU", "CUDA", "system", "Python"],
        *machine.PACKAGES,
        *["memory", "load at start"],
    ]


# --- Growth with the data -------------------------------------------------------------------------


def test_made_up_data_have_the_size_asked_for_and_a_test_item_a_user(tmp_path):
    size = scale.Size(600, 40, 90)
    problem = scale.make_split(size, tmp_path)
    train, test = problem.train, problem.test
    assert (train.n_users, train.n_items) == (40, 90)
    assert len(train.indices) + len(test.indices) == 600
    assert train.counts.min() >= 1
    assert test.counts.max() == 1
    assert (test.counts[train.counts > 1] == 1).all()
    pairs = [
        *zip(train.users, train.indices, strict=True),
        *zip(test.users, test.indices, strict=True),
    ]
    assert len(set(pairs)) == 600
    assert train.item_counts()[0] > 10 * train.item_counts()[45:].mean()
    with pytest.raises(ValueError, match="too few users and items"):
        scale.make_split(scale.Size(600, 40, 50), tmp_path)


def test_growth_is_described_by_a_line_and_a_power():
    rows = [
        Row("BPR-MF epoch", str(n), (n / 1e6,), peak_memory_mb=200 + 100 * n / 1e6)
        for n in (10**5, 10**6, 10**7)
    ]
    rows.append(Row("BPR-MF epoch", "another shape", (9.0,), peak_memory_mb=9999.0))
    note = scale.growth_note(rows, [10**5, 10**6, 10**7], "BPR-MF epoch", "interaction")
    assert "memory is 200 MB + 100 bytes for each interaction (at most 0 MB off" in note
    assert "power 1.00" in note
    assert scale.growth_note(rows, [10**5], "BPR-MF epoch", "interaction") is None


def test_the_growth_is_measured_with_the_workflows_scripts(tmp_path, monkeypatch, capsys):
    for name in command.ONE_THREAD:
        monkeypatch.setenv(name, "1")
    arguments = ["--interactions", "3000", "--users-items", "120", "130", "--shapes", "--pairs"]
    scale.main([*arguments, "1", "--epochs", "3", "--output", str(tmp_path)])
    written = pd.read_csv(tmp_path / "benchmarks.csv")
    assert written["part"].tolist() == [
        "BPR-MF epoch",
        "AMF epoch",
        "top-100 lists, a job",
        "certificate, a job",
        "attack on the ranking, a job of one step",
    ]
    # BPR-MF's first epoch and AMF's own first do not count.
    assert written["repeats"].tolist() == [2, 2, 1, 1, 1]
    assert (written["peak_memory_mb"] > 50).all()
    assert "3,000 interactions, 120 x 130" in capsys.readouterr().out


def test_equality_sees_one_bit_and_not_the_layout(tmp_path, capsys):
    """Lists of several numbers of iterations in one file, as they once were, are those of a file each."""
    lists = {"user": np.arange(3, dtype=np.int32), "score": np.float32([0.1, 0.2, 0.3])}
    together = {name: np.tile(values, 2) for name, values in lists.items()}
    together["iterations"] = np.repeat(np.int32([1, 2]), 3)
    write_parquet(together, tmp_path / "before" / "lists" / "bim_epsilon-0.5.parquet")
    for iterations in (1, 2):
        name = f"bim_epsilon-0.5_iterations-{iterations}.parquet"
        write_parquet(lists, tmp_path / "after" / "lists" / name)
    for folder in ("before", "after"):
        write_json({"written": folder}, tmp_path / folder / "provenance.json")
    folders = [str(tmp_path / "before"), str(tmp_path / "after")]
    assert equality.main(folders) == 0
    assert "2 equal, 0 different, 0 in one alone" in capsys.readouterr().out
    lists["score"][1] = np.nextafter(lists["score"][1], np.float32(1))
    write_parquet(lists, tmp_path / "after" / "lists" / name)
    write_json({}, tmp_path / "after" / "more.json")
    assert equality.main(folders) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"differs: lists/{name}",
        "only after: more.json",
        "1 equal, 1 different, 1 in one alone",
    ]
