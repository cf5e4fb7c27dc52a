"""The hot loops on the CPU beside what they replace: epochs, the attacks' gradient, and evaluation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from embrittle.attacks.losses.pairwise import PairwiseLoss
from embrittle.attacks.run import Attacked, attack_model
from embrittle.certificates.radii import Model, certified_radii
from embrittle.certificates.threats import THREATS, Threat
from embrittle.data.interactions import UserItems
from embrittle.kernels import reference
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.numba_graph import Graph
from embrittle.kernels.ranking import target_ranks, top_items
from embrittle.kernels.ranking_losses import RankingLoss, sharpness_of
from embrittle.kernels.sampling import draw_negatives
from embrittle.render.published import TABLE1_ITERATIONS

from . import libraries, targets
from .measurements import Effort, compared, our_epoch, plain_epoch
from .plain import (
    embedding_gradient,
    mean_of_layers,
    numpy_radii,
    numpy_target_ranks,
    numpy_top_items,
    optimiser_epoch,
    ranking_gradient_by_autograd,
    reference_epoch,
    scipy_graph,
    torch_graph,
    torch_mean_of_layers,
)
from .setting import AMF, AMF_EPOCHS, BPR_EPOCHS, BPR_MF, SEED, K, Problem
from .table import Row
from .timing import Seconds, ratios, seconds_of, side_by_side

OURS = "embrittle"
REFERENCE, OPTIMISER = "torch autograd, the reference", "torch autograd, embedding and Adagrad"


def measure_epochs(problem: Problem, effort: Effort) -> dict[str, Seconds]:
    """Seconds of a BPR-MF epoch by name, and under AMF.model of one of AMF, all in the same rounds."""
    start, step = problem.start(), BPR_MF.step()
    measurements = {
        OURS: our_epoch(CpuBackend(), problem, BPR_MF, effort.epochs),
        AMF.model: our_epoch(CpuBackend(), problem, AMF, effort.epochs),
    }
    for name, make in libraries.installed().items():
        measurements[name] = libraries.epoch_of(make(problem), effort.epochs)
    for name, make in ((REFERENCE, reference_epoch), (OPTIMISER, optimiser_epoch)):
        measurements[name] = plain_epoch(make(start, step), problem, effort.plain_batches)
    return side_by_side(measurements, effort.repeats)


def epoch_rows(seconds: dict[str, Seconds]) -> list[Row]:
    """Rows of what `measure_epochs` returned."""
    part, ours = "BPR-MF epoch", seconds[OURS]
    rows = [Row(part, OURS, ours)]
    for name, other in seconds.items():
        if name not in (OURS, AMF.model):
            target = targets.AUTOGRAD if name in (REFERENCE, OPTIMISER) else targets.LIBRARY
            rows.append(Row(part, name, other, ratios(other, ours), OURS, target))
    amf = seconds[AMF.model]
    return [*rows, Row("AMF epoch", OURS, amf, ratios(amf, ours), "BPR-MF epoch", targets.AMF)]


def gradient_rows(problem: Problem, effort: Effort) -> list[Row]:
    """The full-batch gradient that attacks ascend, with the same negatives."""
    train, backend, start = problem.train, CpuBackend(), problem.start()
    users, items = start.user_factors, start.item_factors
    negatives = draw_negatives(
        train.indptr, train.indices, train.n_items, np.random.SeedSequence([SEED])
    )
    columns = np.stack([problem.users(), train.indices, negatives], axis=1)
    triples = torch.from_numpy(columns.astype(np.int64))
    parameters = [torch.from_numpy(users), torch.from_numpy(items)]
    measurements = {
        OURS: lambda: seconds_of(
            lambda: backend.full_batch_gradient(users, items, train, negatives), times=5
        ),
        "torch autograd, the reference": lambda: seconds_of(
            lambda: reference.gradient(parameters, triples)
        ),
        "torch autograd, embedding": lambda: seconds_of(
            lambda: embedding_gradient(parameters, triples)
        ),
    }
    return compared("full-batch gradient", measurements, effort.repeats, targets.GRADIENT)


def attack_step_rows(problem: Problem, effort: Effort) -> list[Row]:
    """One step of the attacks in steps: the papers', in the L2 ball, and with negatives drawn anew."""
    start = problem.start()
    loss = PairwiseLoss(CpuBackend(), (start.user_factors, start.item_factors), problem.train, SEED)
    delta = loss.uniform_change(0.05, SEED)
    numbers = iter(range(2**31))

    def step(norm: str) -> None:
        loss.ascent_step(delta, 0.125, 0.5, norm)

    def resampled_step(norm: str) -> None:
        loss.draw_negatives(SEED, next(numbers))
        step(norm)

    measurements = {
        "clipped by elements, as in the papers": lambda: seconds_of(lambda: step("linf"), times=5),
        "in the L2 ball": lambda: seconds_of(lambda: step("l2"), times=5),
        "in the L2 ball, negatives drawn anew": lambda: seconds_of(
            lambda: resampled_step("l2"), times=5
        ),
    }
    return compared("step of an attack", measurements, effort.repeats, targets.ATTACK_STEP)


def ranking_rows(problem: Problem, effort: Effort) -> list[Row]:
    """The losses of the ranking with their gradients, for the items of all top-10 lists."""
    backend, start = CpuBackend(), problem.start()
    users, items = start.user_factors, start.item_factors
    lists, _ = top_items(backend, users, items, problem.train, K)
    owners = np.repeat(np.arange(len(lists)), K)
    n_users, n_items = problem.train.n_users, problem.train.n_items
    targets_of = UserItems.from_pairs(owners, lists.ravel(), n_users, n_items)
    sharpness = sharpness_of(users, items, temperature=0.1)
    rows = []
    for kind in ("smooth-rank", "margin"):
        loss = RankingLoss(kind, problem.train, targets_of, sharpness, K)
        calls = {OURS: lambda loss=loss: backend.ranking_gradient(users, items, loss)}
        if kind == "smooth-rank":
            calls["torch autograd"] = lambda loss=loss: ranking_gradient_by_autograd(
                users, items, loss
            )
        ours, *others = compared(
            f"gradient of {kind}, all lists",
            {name: (lambda call=call: seconds_of(call)) for name, call in calls.items()},
            effort.repeats,
            targets.AUTOGRAD,
        )
        rows += [replace(ours, target=targets.RANKING_GRADIENT), *others]
    return rows


def certificate_rows(problem: Problem, effort: Effort) -> list[Row]:
    """Certified radii of one item of each user's list, so that no user is left out: what decides every certificate."""
    start, train = problem.start(), problem.train
    model = Model(start.user_factors, start.item_factors)
    lists, _ = top_items(CpuBackend(), *(model.user_factors, model.item_factors), train, K)
    owners = np.arange(len(lists))
    chosen = lists[owners, owners % K]
    targets_of = UserItems.from_pairs(owners, chosen, train.n_users, train.n_items)
    rows_alone = [threat for threat in THREATS if threat.norm == "l2"]

    def certify(threats: list[Threat]) -> float:
        return seconds_of(lambda: certified_radii(model, train, targets_of, K, threats=threats))

    ours, elements, plain = compared(
        "certified radii",
        {
            OURS: lambda: certify(rows_alone),
            "embrittle, with limits on elements": lambda: certify(THREATS),
            "NumPy, all pairs": lambda: seconds_of(
                lambda: numpy_radii(model, train, chosen, K, rows_alone)
            ),
        },
        effort.repeats,
    )
    return [
        replace(ours, target=targets.RADII),
        replace(elements, target=targets.RADII_OF_ELEMENTS),
        plain,
    ]


def propagation_rows(problem: Problem, effort: Effort) -> list[Row]:
    """LightGCN's three layers over the whole graph, and back: most of a step, whatever the size of the batch."""
    n_layers = 3
    rows = np.concatenate(list(vars(problem.start()).values())[:2])
    graph = Graph.of(problem.train)
    matrix = scipy_graph(graph)
    tensor = torch_graph(graph)
    calls = {
        OURS: lambda: graph.mean_of_layers(graph.mean_of_layers(rows, n_layers), n_layers),
        "SciPy, CSR": lambda: mean_of_layers(
            matrix, mean_of_layers(matrix, rows, n_layers), n_layers
        ),
        "torch autograd, sparse CSR": lambda: torch_mean_of_layers(tensor, rows, n_layers),
    }
    ours, *others = compared(
        "propagation of LightGCN, forward and backward",
        {name: (lambda call=call: seconds_of(call)) for name, call in calls.items()},
        effort.repeats,
    )
    return [replace(ours, target=targets.PROPAGATION), *others]


def grid_rows(problem: Problem, repeats: int, full: bool) -> list[Row]:
    """Table 1's grid of BIM, steps and lists: each continued from the one before, and each from the beginning.

    Only as far as the default study takes it, 50 iterations, unless `full`.
    """
    grid = [L for L in TABLE1_ITERATIONS if full or L <= 50]
    start = problem.start()
    factors = start.user_factors, start.item_factors
    model = Attacked(CpuBackend(), factors, problem.train, problem.train, SEED)
    settings = {"attack": {"method": "bim"}, "epsilon": 0.5, "length": K}

    def attack_all(*, continued: bool) -> None:
        parent = None
        for iterations in grid:
            attacked, _ = attack_model(model, iterations=iterations, parent=parent, **settings)
            parent = attacked if continued else None

    measurements = {
        f"continued, {grid[-1]} steps": lambda: seconds_of(lambda: attack_all(continued=True)),
        f"from the beginning, {sum(grid)} steps": lambda: seconds_of(
            lambda: attack_all(continued=False)
        ),
    }
    return compared(f"BIM's lists at {len(grid)} numbers of iterations", measurements, repeats)


def evaluation_rows(problem: Problem, effort: Effort) -> list[Row]:
    """The ranks that select an epoch, and the top-10 lists."""
    train, backend, start = problem.train, CpuBackend(), problem.start()
    factors = (start.user_factors, start.item_factors)
    csr, targets = (train.indptr, train.indices), problem.targets()
    ranks = {
        OURS: lambda: target_ranks(backend, *factors, train, problem.test),
        "NumPy, all scores at once": lambda: numpy_target_ranks(*factors, *csr, targets),
    }
    lists = {
        OURS: lambda: top_items(backend, *factors, train, K),
        "NumPy, argpartition": lambda: numpy_top_items(*factors, *csr, K),
    }
    return [
        row
        for part, calls in (("ranks of the test items", ranks), ("top-10 lists", lists))
        for row in compared(
            part,
            {name: (lambda call=call: seconds_of(call)) for name, call in calls.items()},
            effort.repeats,
        )
    ]


def budget_row(bpr_epoch: Seconds, amf_epoch: Seconds, evaluation: Seconds) -> Row:
    """The papers' training of both models, extrapolated round by round from its parts."""
    n_evaluations = (BPR_EPOCHS + AMF_EPOCHS) // BPR_MF.evaluate_every
    rounds = zip(bpr_epoch, amf_epoch, evaluation, strict=True)
    seconds = tuple(BPR_EPOCHS * b + AMF_EPOCHS * a + n_evaluations * e for b, a, e in rounds)
    name = f"{BPR_EPOCHS} BPR-MF + {AMF_EPOCHS} AMF epochs, extrapolated"
    return Row("training", name, seconds, target=targets.BUDGET)


def loop_rows(problem: Problem, effort: Effort) -> list[Row]:
    """All rows of this module."""
    seconds = measure_epochs(problem, effort)
    evaluation = evaluation_rows(problem, effort)
    budget = budget_row(seconds[OURS], seconds[AMF.model], evaluation[0].seconds)
    return [
        *epoch_rows(seconds),
        *gradient_rows(problem, effort),
        *attack_step_rows(problem, effort),
        *ranking_rows(problem, effort),
        *certificate_rows(problem, effort),
        *propagation_rows(problem, effort),
        *evaluation,
        budget,
    ]
