"""The hot loops in torch, for CUDA.

A batch of 512 triples is far too small for a GPU: launching the dozen kernels of a step takes longer than running them.
Therefore the step is captured once as a CUDA graph, which selects its batch by a counter on the device. An epoch is one
upload of the triples and one replay of the graph for each batch.
"""

from __future__ import annotations

import numpy as np
import torch

from embrittle.data.interactions import UserItems
from embrittle.errors import DeviceError
from embrittle.kernels import cuda_ranking_losses
from embrittle.kernels.backend import (
    ADAGRAD_EPS,
    HIGHEST_DIFFERENCE,
    LOWEST_DIFFERENCE,
    SQUARED_NORM_FLOOR,
    WITHIN,
    Factors,
    StepSettings,
)
from embrittle.kernels.losses import LOSSES, PairwiseLoss
from embrittle.kernels.ranking_losses import RankingLoss

_CHUNK = 2**18  # triples of the full batch at a time: 64 MiB for each gathered float32 (n, 64)


def _unit_rows(array: torch.Tensor) -> torch.Tensor:
    return array * array.square().sum(1, keepdim=True).clamp_min(SQUARED_NORM_FLOOR).rsqrt()


def _terms_and_slopes(
    loss: PairwiseLoss, difference: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return terms (n,) and slopes (n, 1) of the loss; the slope is 0 where the difference is clipped."""
    terms, slopes = loss.formula(difference.clamp(LOWEST_DIFFERENCE, HIGHEST_DIFFERENCE))
    return terms, (slopes * (difference >= LOWEST_DIFFERENCE)).unsqueeze(1)


class _Step:
    """One optimisation step on buffers with fixed addresses, which graph capture requires."""

    def __init__(self, factors: Factors, settings: StepSettings, n_triples: int, capture: bool):
        self.factors, self.settings = factors, settings
        self._pairwise = LOSSES[settings.loss]
        device = factors.user_factors.device
        self.triples = torch.zeros((n_triples, 3), dtype=torch.int64, device=device)
        self.loss = torch.zeros((), dtype=torch.float64, device=device)
        self._offsets = torch.arange(settings.batch_size, device=device)
        self._first = torch.zeros((), dtype=torch.int64, device=device)
        self._user_gradient = torch.zeros_like(factors.user_factors)
        self._item_gradient = torch.zeros_like(factors.item_factors)
        self._capturing = capture and device.type == "cuda"
        self._graph: torch.cuda.CUDAGraph | None = None

    def start_epoch(self, triples: np.ndarray) -> None:
        # Transferred as int32 and converted on the device, which halves the transfer.
        self.triples.copy_(torch.from_numpy(triples).to(self.triples.device))
        self.loss.zero_()
        self._first.zero_()

    def run(self) -> None:
        if not self._capturing:
            self._step()
            return
        if self._graph is None:
            self._graph = self._captured()
        self._graph.replay()

    def _captured(self) -> torch.cuda.CUDAGraph:
        """Capture the step. The warm-up steps that torch requires must not change the factors."""
        changed = [*vars(self.factors).values(), self.loss, self._first]
        before = [array.clone() for array in changed]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self._first.zero_()
                self._step()
        torch.cuda.current_stream().wait_stream(stream)
        for array, value in zip(changed, before, strict=True):
            array.copy_(value)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._step()
        return graph

    def _step(self) -> None:
        batch = self.triples[self._first + self._offsets]
        users, items = batch[:, 0], batch[:, 1:].T.reshape(-1)
        p = self.factors.user_factors[users]
        q = self.factors.item_factors[items]
        terms = self._add_gradient(users, items, p, q, 1.0)
        self.loss += self._pairwise.values(terms).sum(dtype=torch.float64)
        if self.settings.adversarial_weight > 0:
            epsilon = self.settings.adversarial_epsilon
            shifted_p = p + epsilon * _unit_rows(self._user_gradient[users])
            shifted_q = q + epsilon * _unit_rows(self._item_gradient[items])
            self._add_gradient(users, items, shifted_p, shifted_q, self.settings.adversarial_weight)
        f = self.factors
        self._adagrad(users, p, f.user_factors, f.user_accumulators, self._user_gradient)
        self._adagrad(items, q, f.item_factors, f.item_accumulators, self._item_gradient)
        self._first += self.settings.batch_size

    def _add_gradient(
        self,
        users: torch.Tensor,
        items: torch.Tensor,
        p: torch.Tensor,
        q: torch.Tensor,
        weight: float,
    ) -> torch.Tensor:
        """Add the gradient of the batch at the user rows p and the item rows q (positives, then negatives).

        Returns:
            The terms of the loss, (batch_size,).
        """
        positive, negative = q.chunk(2)
        terms, slope = _terms_and_slopes(self._pairwise, (p * (positive - negative)).sum(1))
        slope = weight * slope
        self._user_gradient.index_add_(0, users, slope * (positive - negative))
        self._item_gradient.index_add_(0, items, torch.cat([slope * p, -slope * p]))
        return terms

    def _adagrad(
        self,
        rows: torch.Tensor,
        values: torch.Tensor,
        array: torch.Tensor,
        accumulators: torch.Tensor,
        gradient: torch.Tensor,
    ) -> None:
        """Take an Adagrad step on the touched rows. Repeated rows are written repeatedly with the same value."""
        slope = gradient[rows]
        accumulated = accumulators[rows] + slope.square()
        accumulators[rows] = accumulated
        rate = self.settings.learning_rate
        array[rows] = values - rate * slope / (accumulated.sqrt() + ADAGRAD_EPS)
        # `gradient[rows] = 0` would copy the 0 from the host, which waits for the GPU and thus breaks a capture.
        gradient.index_fill_(0, rows, 0.0)


class CudaBackend:
    """The interface `backend.Backend` in torch. Tests run the same operations with device "cpu"."""

    def __init__(self, device: str = "cuda", *, capture: bool = True):
        """Select a device.

        Args:
            device: "cuda", "cuda:<index>" or "cpu".
            capture: whether to capture a step as a CUDA graph; if not, every operation is launched separately.

        Raises:
            DeviceError: torch has no CUDA device.
        """
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise DeviceError(
                "device is cuda, but torch finds no CUDA device on this machine. Choose device: cpu, or install a "
                "CUDA build of torch on a machine with a GPU."
            )
        self._device, self._capture = torch.device(device), capture
        if self._device.index is not None:
            torch.cuda.set_device(self._device)  # also for streams and graphs
        if self._device.type == "cuda":
            # Ranking compares scores, which need full precision. NVIDIA's containers set
            # TORCH_ALLOW_TF32_CUBLAS_OVERRIDE, with which the mantissa of a product has only 10 bits.
            torch.set_float32_matmul_precision("highest")
        self._step: _Step | None = None
        self._positives: tuple[UserItems, tuple[torch.Tensor, torch.Tensor]] | None = None

    def put(self, array: np.ndarray) -> torch.Tensor:
        """Copy to the device, as float32."""
        return torch.tensor(np.asarray(array), dtype=torch.float32, device=self._device)

    def get(self, array: torch.Tensor) -> np.ndarray:
        """Copy to the host."""
        return array.to("cpu", copy=True).numpy()

    def train_epoch(self, factors: Factors, triples: np.ndarray, settings: StepSettings) -> float:
        """Train for one epoch, by replaying the captured step."""
        step = self._step
        if (
            step is None
            or step.factors is not factors
            or step.settings != settings
            or len(step.triples) != len(triples)
        ):
            step = self._step = _Step(factors, settings, len(triples), self._capture)
        step.start_epoch(triples)
        n_batches = len(triples) // settings.batch_size
        for _ in range(n_batches):
            step.run()
        return step.loss.item() / (n_batches * settings.batch_size)

    def full_batch_gradient(
        self,
        user_factors: torch.Tensor,
        item_factors: torch.Tensor,
        train: UserItems,
        negatives: np.ndarray,
        loss: str = "bpr",
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the gradient, computed in chunks of triples: memory grows by only 12 bytes for each triple."""
        gradients = torch.zeros_like(user_factors), torch.zeros_like(item_factors)
        columns = *self._positives_of(train), torch.from_numpy(negatives).to(self._device)
        for parts in zip(*(column.split(_CHUNK) for column in columns), strict=True):
            users, positives, negative_items = (part.long() for part in parts)
            p = user_factors[users]
            spread = item_factors[positives] - item_factors[negative_items]
            _, slope = _terms_and_slopes(LOSSES[loss], (p * spread).sum(1))
            gradients[0].index_add_(0, users, slope * spread)
            gradients[1].index_add_(0, positives, slope * p)
            gradients[1].index_add_(0, negative_items, -slope * p)
        return gradients

    def _positives_of(self, train: UserItems) -> tuple[torch.Tensor, torch.Tensor]:
        """Return users and items of the positives on the device, int32; they are cached for the next gradient."""
        if self._positives is None or self._positives[0] is not train:
            users = np.repeat(np.arange(train.n_users, dtype=np.int32), np.diff(train.indptr))
            placed = (torch.from_numpy(part).to(self._device) for part in (users, train.indices))
            self._positives = train, tuple(placed)
        return self._positives[1]

    def ranking_gradient(
        self, user_factors: torch.Tensor, item_factors: torch.Tensor, loss: RankingLoss
    ) -> tuple[np.ndarray, torch.Tensor, torch.Tensor]:
        """Return losses and gradient with the operations of `cuda_ranking_losses`."""
        return cuda_ranking_losses.losses_and_gradient(user_factors, item_factors, loss)

    def ascent_step(
        self, delta: torch.Tensor, gradient: torch.Tensor, step: float, bound: float
    ) -> torch.Tensor:
        """Return a new tensor; `delta` is unchanged."""
        return (delta + step * _unit_rows(gradient)).clamp(-bound, bound)

    def ascent_step_in_ball(
        self, delta: torch.Tensor, gradient: torch.Tensor, step: float, radius: float
    ) -> torch.Tensor:
        """Return a new tensor; `delta` is unchanged."""
        moved = (delta + step * _unit_rows(gradient)).double()
        length = moved.square().sum(1, keepdim=True).sqrt()
        return torch.where(length > radius, moved * (WITHIN * radius / length), moved).float()

    def scores(self, user_factors: torch.Tensor, item_factors: torch.Tensor) -> np.ndarray:
        """Return the matrix product in full float32, copied to the host."""
        return self.get(user_factors @ item_factors.T)
