"""Whether the CUDA path computes what the plain reference and the compiled loops compute, on the data at hand.

The reference is torch autograd in float64 on the same device (`kernels.reference`), so that what differs is the
rounding of the float32 of what is checked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch

from embrittle.attacks.losses.pairwise import PairwiseLoss
from embrittle.attacks.run import perturb
from embrittle.kernels import reference
from embrittle.kernels.backend import Backend, Factors, StepSettings
from embrittle.kernels.cpu import CpuBackend
from embrittle.kernels.cuda import CudaBackend
from embrittle.kernels.losses import LOSSES
from embrittle.kernels.ranking import target_ranks, top_items
from embrittle.kernels.sampling import TripleSampler, draw_negatives
from embrittle.rng import Stream, seeds

from .setting import AMF, BPR_MF, SEED, K, Problem

AUTOGRAD, COMPILED = "autograd, float64", "compiled loops"
GRAPH, NO_GRAPH = "captured graph", "no captured graph"
EPSILON, STEP = 0.5, 0.125  # of the attacks, as in the papers
ATTACK_STEPS = 3
_TRAINED = 30  # times the factors at the start: about as large as a trained model's
_FEW = 4  # batches of an epoch whose result is compared element by element
_CHUNK = 2**15  # triples that autograd sees at a time: 16 MB for each gathered float64 (n, 64)
ROUNDING = 2.0**-24  # of one float32 operation, at most, as a share of its result


@dataclass(frozen=True)
class Tolerance:
    """The largest difference that passes, and why that one."""

    limit: float
    reason: str


@dataclass(frozen=True)
class Check:
    """One comparison.

    Attributes:
        part: the work, such as "BPR-MF epoch, bpr, captured graph".
        against: what it is compared with.
        difference: the largest one; NaN fails.
        tolerance: what it is held against.
    """

    part: str
    against: str
    difference: float
    tolerance: Tolerance

    @property
    def passed(self) -> bool:
        """Whether the difference keeps to the tolerance."""
        return self.difference <= self.tolerance.limit


EXACT = Tolerance(0, "copies: the same bits")
NOTHING_ELSE = Tolerance(0, "yes or no")
STEP_TOLERANCE = Tolerance(16 * ROUNDING, "a sum of 64 squares, a root and a quotient in float32")
GRADIENT_TOLERANCE = Tolerance(
    5e-5, "a row sums some thousand terms in float32, in any order; most of the roundings cancel"
)
ATTACK_TOLERANCE = Tolerance(
    1e-4,
    "of the budget: steps are as long in rows with small gradients, whose roundings they magnify",
)
SCORE_TOLERANCE = Tolerance(
    64 * ROUNDING, "a sum of 64 products in float32; TF32 would be off by 100 times as much"
)
LIST_TOLERANCE = Tolerance(
    2 * SCORE_TOLERANCE.limit, "items whose scores are equal but for rounding may swap places"
)


# By model. AMF moves every row by a perturbation of one length along its gradient, whose direction is little but
# rounding where positives and negatives cancel in the row. The compiled loops are as far from float64 as torch is.
STEPS_TOLERANCE = {
    "BPR-MF": Tolerance(
        1e-5, "some steps, each with sums of 64 factors and over a batch, in float32"
    ),
    "AMF": Tolerance(
        1e-4, "the same; perturbations magnify the roundings of rows with small gradients"
    ),
}
LONG_TOLERANCE = {
    "BPR-MF": Tolerance(1e-5, "of the norm of all elements; roundings add up at random"),
    "AMF": Tolerance(1e-3, "of the norm of all elements; magnified roundings enter the next steps"),
}


def largest_difference(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float:
    """The largest difference of elements as a share of the largest element expected, over pairs of arrays; NaN counts.

    Raises:
        ValueError: not as many arrays, or not of the same shape.
    """
    shares = []
    for ours, theirs in zip(found, expected, strict=True):
        if ours.shape != theirs.shape:
            raise ValueError(f"shapes {ours.shape} and {theirs.shape}")
        shares.append(np.abs(ours.astype(np.float64) - theirs).max() / np.abs(theirs).max())
    return float(np.max(shares))  # NumPy's: a NaN among them stays one


def distance(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float:
    """The norm of the difference as a share of the norm expected: the largest one of all pairs of arrays."""
    pairs = zip(found, expected, strict=True)
    return float(np.max([np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in pairs]))


def _doubles(arrays: Sequence[np.ndarray], device: str) -> list[torch.Tensor]:
    return [torch.tensor(array, dtype=torch.float64, device=device) for array in arrays]


def _on_host(arrays: Sequence[torch.Tensor]) -> list[np.ndarray]:
    return [array.cpu().numpy() for array in arrays]


def _value(loss: str) -> reference.Loss:
    """The loss in torch, for autograd to differentiate."""
    if loss == "bpr":
        return reference.bpr_loss
    own = LOSSES[loss]
    return reference.summed(lambda difference: own.values(own.formula(difference)[0]))


# --- Epochs ----------------------------------------------------------------------------------------


def _trained(
    backend: Backend, start: Factors, epochs: Sequence[np.ndarray], settings: StepSettings
) -> list[np.ndarray]:
    """Factors and accumulators after some epochs, and the mean loss of each epoch."""
    factors = Factors(*(backend.put(array) for array in vars(start).values()))
    losses = [backend.train_epoch(factors, triples, settings) for triples in epochs]
    return [*(backend.get(array) for array in vars(factors).values()), np.array(losses)]


def _trained_by_autograd(
    start: Factors, epochs: Sequence[np.ndarray], settings: StepSettings, device: str
) -> list[np.ndarray]:
    arrays = _doubles(list(vars(start).values()), device)
    losses = [
        reference.train_epoch(
            arrays[:2],
            arrays[2:],
            torch.from_numpy(triples.astype(np.int64)).to(device),
            settings,
            _value(settings.loss),
        )
        for triples in epochs
    ]
    return [*_on_host(arrays), np.array(losses)]


class Epochs:
    """Two epochs of both models with every loss: the second one finds what the first has left in the buffers.

    A few steps are compared element by element, and more steps as a whole. An epoch is that many batches, as far as
    the data go, and a partial one that must be dropped.
    """

    def __init__(self, problem: Problem, batches: int, device: str):
        """Draw the triples; `batches` are those of an epoch of the longer comparison."""
        train = problem.train
        sampler = TripleSampler(train.indptr, train.indices, train.n_items)
        self._problem, self._device, self._batches = problem, device, (_FEW, batches)
        self._epochs = [sampler.draw(seeds(Stream.TRIPLES, SEED, n)).copy() for n in (1, 2)]

    def _triples(self, batches: int) -> list[np.ndarray]:
        return [triples[: batches * BPR_MF.batch_size + 1] for triples in self._epochs]

    @cache  # noqa: B019 (an instance lives as long as the program)
    def _expected(self, settings: StepSettings, batches: int) -> dict[str, list[np.ndarray]]:
        given = self._problem.start(), self._triples(batches), settings
        return {
            AUTOGRAD: _trained_by_autograd(*given, self._device),
            COMPILED: _trained(CpuBackend(), *given),
        }

    def checks(self, capture: bool) -> Iterator[Check]:
        """With the step captured as a graph (on a GPU alone), or without."""
        name = GRAPH if capture else NO_GRAPH
        backend = CudaBackend(self._device, capture=capture)
        few, many = self._batches
        for model in (BPR_MF, AMF):
            for loss in LOSSES:
                settings = replace(model.step(), loss=loss)
                for batches, compare, tolerance in (
                    (few, largest_difference, STEPS_TOLERANCE[model.model]),
                    (many, distance, LONG_TOLERANCE[model.model]),
                ):
                    part = f"{model.model}, {loss}, 2 x {batches} steps, {name}"
                    found = _trained(
                        backend, self._problem.start(), self._triples(batches), settings
                    )
                    for against, expected in self._expected(settings, batches).items():
                        yield Check(part, against, compare(found, expected), tolerance)
        yield _nan_check(name, backend, self._problem.start(), self._triples(few)[0])


def _nan_check(name: str, backend: Backend, start: Factors, triples: np.ndarray) -> Check:
    """A factor that is not a number must show in the loss, which stops a training."""
    start.user_factors[triples[0, 0]] = np.nan
    loss = _trained(backend, start, [triples], BPR_MF.step())[-1][0]
    return Check(
        f"a NaN shows in the loss, {name}", "NaN", 0.0 if math.isnan(loss) else 1.0, NOTHING_ELSE
    )


# --- Gradients and attacks -------------------------------------------------------------------------


def _gradient_by_autograd(
    parameters: Sequence[torch.Tensor], triples: torch.Tensor, loss: str
) -> list[torch.Tensor]:
    """`reference.gradient`, in parts that fit the memory."""
    parts = [reference.gradient(list(parameters), t, _value(loss)) for t in triples.split(_CHUNK)]
    return [torch.stack(slopes).sum(0) for slopes in zip(*parts, strict=True)]


def _triples(problem: Problem, negatives: np.ndarray, device: str) -> torch.Tensor:
    columns = np.stack([problem.users(), problem.train.indices, negatives], axis=1)
    return torch.from_numpy(columns.astype(np.int64)).to(device)


def gradient_checks(problem: Problem, device: str) -> Iterator[Check]:
    """The full-batch gradient where a training starts, of factors as large as trained ones, and where it is clipped.

    There the factors are whole, and so are the differences: rounding decides of none on which side of the clip it is.
    """
    train, start, backend = problem.train, problem.start(), CudaBackend(device)
    negatives = draw_negatives(
        train.indptr, train.indices, train.n_items, seeds(Stream.ATTACK_NEGATIVES, SEED, 0)
    )
    triples = _triples(problem, negatives, device)
    factors = (start.user_factors, start.item_factors)
    for place, host in (
        ("at the start", factors),
        ("trained", [np.float32(_TRAINED) * array for array in factors]),
        ("differences clipped", [np.rint(np.float32(300) * array) for array in factors]),
    ):
        placed = [backend.put(array) for array in host]
        for loss in LOSSES:
            found = [
                backend.get(a) for a in backend.full_batch_gradient(*placed, train, negatives, loss)
            ]
            autograd = _gradient_by_autograd(_doubles(host, device), triples, loss)
            compiled = CpuBackend().full_batch_gradient(*host, train, negatives, loss)
            for against, expected in ((AUTOGRAD, _on_host(autograd)), (COMPILED, compiled)):
                difference = largest_difference(found, expected)
                yield Check(f"gradient, {loss}, {place}", against, difference, GRADIENT_TOLERANCE)


def _plain_step(
    delta: torch.Tensor, slope: torch.Tensor, step: float, bound: float, norm: str
) -> torch.Tensor:
    """A step of an attack, one line a formula."""
    moved = delta + step * reference.unit_rows(slope)
    if norm == "linf":
        return moved.clamp(-bound, bound)
    return moved * (bound / moved.norm(dim=1, keepdim=True)).clamp_max(1)


def step_checks(problem: Problem, device: str) -> Iterator[Check]:
    """One step with every norm, from a Delta at its budget, rows without gradient among them; and the budget itself."""
    rng, shape = np.random.default_rng(SEED), (problem.train.n_items, BPR_MF.factors)
    delta = rng.normal(0, EPSILON / 8, shape).astype(np.float32)
    slope = rng.normal(0, 100, shape).astype(np.float32)
    slope[::7] = 0
    backend, doubles = CudaBackend(device), _doubles([delta, slope], device)
    for norm, bound in (("linf", EPSILON / 8), ("linf", math.inf), ("l2", EPSILON)):
        found, compiled = (
            where.get(getattr(where, name)(where.put(delta), where.put(slope), STEP, bound))
            for where in (backend, CpuBackend())
            for name in ["ascent_step" if norm == "linf" else "ascent_step_in_ball"]
        )
        part = f"step, {norm}, within {bound:g}"
        plain = _on_host([_plain_step(*doubles, STEP, bound, norm)])
        yield Check(part, "torch, float64", largest_difference([found], plain), STEP_TOLERANCE)
        yield Check(part, COMPILED, largest_difference([found], [compiled]), STEP_TOLERANCE)
    beyond = np.linalg.norm(found.astype(np.float64), axis=1).max() - EPSILON  # of the last, "l2"
    yield Check(part, "the budget", max(0.0, float(beyond)), NOTHING_ELSE)


ATTACKS = (
    ("fgsm", 1, {}),
    ("noise", 1, {}),
    ("bim", ATTACK_STEPS, {}),
    ("bim", ATTACK_STEPS, {"norm": "l2", "negatives": "resampled"}),
    ("pgd", ATTACK_STEPS, {}),
    ("pgd", ATTACK_STEPS, {"norm": "l2", "negatives": "resampled"}),
)


def attack_checks(problem: Problem, device: str) -> Iterator[Check]:
    """Whole attacks, with both norms and with negatives drawn anew; BIM also beside autograd."""
    start = problem.start()
    host = (np.float32(_TRAINED) * start.user_factors, np.float32(_TRAINED) * start.item_factors)
    for method, iterations, options in ATTACKS:
        deltas = []
        for backend in (CudaBackend(device), CpuBackend()):
            loss = PairwiseLoss(backend, host, problem.train, SEED)
            settings = {"epsilon": EPSILON, "iterations": iterations, "seed": SEED}
            delta = perturb(loss, method, **settings, **options)
            deltas.append([backend.get(array) for array in delta])
        part = " ".join([method, *map(str, options.values())])
        tolerance = EXACT if method == "noise" else ATTACK_TOLERANCE
        yield Check(part, COMPILED, _share_of_budget(*deltas), tolerance)
        if method == "bim":
            plain = _bim_by_autograd(problem, host, device, **options)
            yield Check(part, AUTOGRAD, _share_of_budget(deltas[0], plain), tolerance)


def _share_of_budget(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float:
    differences = [
        np.abs(a.astype(np.float64) - b).max() for a, b in zip(found, expected, strict=True)
    ]
    return float(np.max(differences)) / EPSILON


def _bim_by_autograd(
    problem: Problem,
    host: Sequence[np.ndarray],
    device: str,
    norm: str = "linf",
    negatives: str = "fixed",
) -> list[np.ndarray]:
    train, factors = problem.train, _doubles(host, device)
    delta = [torch.zeros_like(array) for array in factors]
    for iteration in range(ATTACK_STEPS):
        number = iteration if negatives == "resampled" else 0
        stream = seeds(Stream.ATTACK_NEGATIVES, SEED, number)
        drawn = draw_negatives(train.indptr, train.indices, train.n_items, stream)
        perturbed = [array + change for array, change in zip(factors, delta, strict=True)]
        slopes = _gradient_by_autograd(perturbed, _triples(problem, drawn, device), "bpr")
        delta = [
            _plain_step(change, slope, STEP, EPSILON, norm)
            for change, slope in zip(delta, slopes, strict=True)
        ]
    return _on_host(delta)


# --- Ranking and copies ----------------------------------------------------------------------------


def ranking_checks(problem: Problem, device: str) -> Iterator[Check]:
    """Scores; lists, and that no seen item is in them; ranks. Places of items may differ where scores hardly do."""
    train, start, backend = problem.train, problem.start(), CudaBackend(device)
    host = [np.float32(_TRAINED) * array for array in (start.user_factors, start.item_factors)]
    placed = [backend.put(array) for array in host]
    exact = host[0].astype(np.float64) @ host[1].astype(np.float64).T
    # Each score's own scale: what the sum of its 64 products would be if they all had one sign.
    scale = np.abs(host[0]).astype(np.float64) @ np.abs(host[1]).astype(np.float64).T
    scores = backend.scores(*placed)
    yield Check(
        "scores", "NumPy, float64", float((np.abs(scores - exact) / scale).max()), SCORE_TOLERANCE
    )
    seen = np.zeros(exact.shape, bool)
    seen[problem.users(), train.indices] = True
    candidates = np.where(seen, -np.inf, exact)

    items, kept = top_items(backend, *placed, train, K)
    listed = np.take_along_axis(candidates, items.astype(np.int64), 1)  # -inf for a seen item
    best_first = -np.sort(-candidates, axis=1)
    unseen = float(np.isneginf(listed).sum())
    yield Check(f"top-{K} lists", "the seen items", unseen, NOTHING_ELSE)
    largest = scale.max()
    difference = float(np.abs(listed - best_first[:, :K]).max()) / largest
    yield Check(f"top-{K} lists", "a full sort, float64", difference, LIST_TOLERANCE)
    _, compiled = top_items(CpuBackend(), *host, train, K)
    yield Check(
        f"top-{K} lists", COMPILED, float(np.abs(kept - compiled).max()) / largest, LIST_TOLERANCE
    )

    tested = problem.test.users
    ranks = target_ranks(backend, *placed, train, problem.test)
    for against, expected in (
        (COMPILED, target_ranks(CpuBackend(), *host, train, problem.test)),
        ("a full sort, float64", _ranks(candidates, exact, problem.targets())[tested]),
    ):
        # How far, in scores, a target is from the place of the rank that it was given.
        given, wanted = (best_first[tested, places - 1] for places in (ranks, expected))
        difference = float(np.abs(given - wanted).max()) / largest
        yield Check("ranks of the test items", against, difference, LIST_TOLERANCE)


def _ranks(candidates: np.ndarray, exact: np.ndarray, targets: np.ndarray) -> np.ndarray:
    own = exact[np.arange(len(targets)), targets]
    return np.where(targets >= 0, 1 + (candidates > own[:, None]).sum(1), 0)


def copy_checks(problem: Problem, device: str) -> Iterator[Check]:
    """What is drawn at random is drawn on the host: the device has it to the last bit, and gives it back so."""
    start, train = problem.start(), problem.train
    host = (start.user_factors, start.item_factors)
    around = [PairwiseLoss(b, host, train, SEED) for b in (CudaBackend(device), CpuBackend())]
    draws = {
        "start in the box": lambda loss: loss.uniform_change(0.05, SEED),
        "start in the ball": lambda loss: loss.uniform_in_ball(EPSILON, SEED),
        "factors, there and back": lambda loss: loss.factors,
    }
    for name, draw in draws.items():
        ours, compiled = ([loss.backend.get(array) for array in draw(loss)] for loss in around)
        yield Check(name, COMPILED, _unequal(ours, compiled), EXACT)


def _unequal(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float:
    """The number of elements whose bits differ."""
    pairs = zip(found, expected, strict=True)
    return float(sum((a.view(np.uint32) != b.view(np.uint32)).sum() for a, b in pairs))


def all_checks(
    problem: Problem, batches: int, device: str
) -> dict[str, Callable[[], Iterator[Check]]]:
    """All groups of checks, by name; one that stops with an error says nothing of the others."""
    epochs = Epochs(problem, batches, device)
    groups = {
        "copies": lambda: copy_checks(problem, device),
        "gradient": lambda: gradient_checks(problem, device),
        "steps": lambda: step_checks(problem, device),
        "attacks": lambda: attack_checks(problem, device),
        "ranking": lambda: ranking_checks(problem, device),
        NO_GRAPH: lambda: epochs.checks(capture=False),
    }
    return groups | ({GRAPH: lambda: epochs.checks(capture=True)} if device == "cuda" else {})
