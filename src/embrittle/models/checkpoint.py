"""Checkpoints: a training that was killed goes on from where it was last written down."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

from embrittle.files import read_tensors
from embrittle.models.state import TrainedState, state_of

logger = logging.getLogger(__name__)


class Checkpoint:
    """The state of one training on its way, in a file beside its results that is gone when they are there."""

    def __init__(
        self,
        state: str | PathLike,
        every_seconds: float,
        inputs: Iterable[str | PathLike],
        settings: Any,
    ):
        """Name the training by everything that decides its result.

        Args:
            state: the file that its final state will be written to.
            every_seconds: how long to wait between two checkpoints; 0 for one after each epoch.
            inputs: the files it reads, known again by their content.
            settings: everything else (JSON values), the digest of the code included.
        """
        self._path = Path(state).with_name("checkpoint.safetensors")
        self._every_seconds = every_seconds
        self._last = time.monotonic()
        content = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in inputs]
        named = json.dumps([content, settings], sort_keys=True)
        self._training = hashlib.sha256(named.encode()).hexdigest()

    def load(self) -> TrainedState | None:
        """Return the state to go on from; None where there is none, or none of this very training."""
        if not self._path.exists():
            return None
        try:
            tensors, about = read_tensors(self._path)
            training = about.pop("training", None)
            state = state_of(tensors, about)
        except Exception as error:  # whatever is wrong with it, the training can do without
            logger.warning("%s cannot be read (%s): from the start", self._path, error)
            return None
        if training != self._training:
            logger.warning("%s is of other data, settings or code: from the start", self._path)
            return None
        logger.info("Goes on after epoch %d, from %s", state.epoch, self._path)
        return state

    def is_due(self) -> bool:
        """Whether the last checkpoint, or the beginning, is long enough ago."""
        return time.monotonic() - self._last >= self._every_seconds

    def save(self, state: TrainedState) -> None:
        """Write the state down. Where that fails, the training goes on without."""
        try:
            state.write_state(self._path, training=self._training)
        except OSError as error:
            logger.warning("No checkpoint at epoch %d: %s", state.epoch, error)
        self._last = time.monotonic()

    def remove(self) -> None:
        """Delete the file: the results are there."""
        self._path.unlink(missing_ok=True)
