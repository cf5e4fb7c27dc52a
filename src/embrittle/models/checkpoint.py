"""Checkpoints, from which a killed training continues."""

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
    """The checkpoint file of one training, beside the results; it is removed once the results are written."""

    def __init__(
        self,
        state: str | PathLike,
        every_seconds: float,
        inputs: Iterable[str | PathLike],
        settings: Any,
    ):
        """Identify the training by everything that decides its result: a checkpoint of another training is not used.

        Args:
            state: path of the training's final state; the checkpoint is written to the same folder.
            every_seconds: minimum time between two checkpoints; 0 for one after each epoch.
            inputs: input files of the training, identified by their content.
            settings: everything else that decides the result (JSON values), including the digest of the code.
        """
        self._path = Path(state).with_name("checkpoint.safetensors")
        self._every_seconds = every_seconds
        self._last = time.monotonic()
        content = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in inputs]
        named = json.dumps([content, settings], sort_keys=True)
        self._training = hashlib.sha256(named.encode()).hexdigest()

    def load(self, kind: type) -> TrainedState | None:
        """Return the state to continue from; None if there is no readable checkpoint of this training.

        Args:
            kind: the type of the state's `factors`.
        """
        if not self._path.exists():
            return None
        try:
            tensors, about = read_tensors(self._path)
            training = about.pop("training", None)
            state = state_of(tensors, about, kind)
        except (
            Exception
        ) as error:  # training does not depend on the checkpoint, whatever the damage
            logger.warning(
                "The checkpoint %s cannot be read (%s): training starts from the beginning",
                *(self._path, error),
            )
            return None
        if training != self._training:
            logger.warning(
                "The checkpoint %s belongs to other data, settings or code: training starts from the beginning",
                self._path,
            )
            return None
        logger.info("Training continues after epoch %d from %s", state.epoch, self._path)
        return state

    def is_due(self) -> bool:
        """Return whether `every_seconds` have passed since the last checkpoint, or since the start."""
        return time.monotonic() - self._last >= self._every_seconds

    def save(self, state: TrainedState) -> None:
        """Write a checkpoint; if writing fails, log a warning, and training continues without the checkpoint."""
        try:
            state.write_state(self._path, training=self._training)
        except OSError as error:
            logger.warning("No checkpoint was written at epoch %d: %s", state.epoch, error)
        self._last = time.monotonic()

    def remove(self) -> None:
        """Delete the checkpoint file, after the results are written."""
        self._path.unlink(missing_ok=True)
