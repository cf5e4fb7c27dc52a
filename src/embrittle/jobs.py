"""The frame of every job: a log file, and plain messages for errors that users can fix."""

import errno
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from embrittle.device import torch_missing
from embrittle.errors import DeviceError, EmbrittleError, MachineError

_AGAIN = "then run the same command again. Complete files are kept, and a training continues from its checkpoint."
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)


def explained(error: Exception) -> EmbrittleError | None:
    """Return an error with a message that says what a user can do; None for errors that no user can fix.

    Errors of this library are returned unchanged. Full memory, full disks and denied access become a DeviceError or
    MachineError. Other exceptions are mistakes in the program.
    """
    if isinstance(error, EmbrittleError):
        return error
    if type(error).__name__ == "OutOfMemoryError" and type(error).__module__.startswith("torch"):
        return DeviceError(
            f"The memory of the GPU is full ({error}). Choose a smaller training.factors or device: cpu, or end other "
            "programs that use this GPU (nvidia-smi lists them)."
        )
    if isinstance(error, ModuleNotFoundError) and error.name == "torch":
        return torch_missing("this job")
    if isinstance(error, MemoryError):
        return MachineError(
            "The machine's memory is full. Run fewer jobs at once (a smaller --cores), or choose a smaller "
            "training.factors."
        )
    number, path = getattr(error, "errno", None), getattr(error, "filename", None) or "the results"
    if number in _NO_SPACE:
        return MachineError(
            f"There is no space left for {path} ({os.strerror(number)}). Free disk space or raise the quota, {_AGAIN}"
        )
    if number in _NOT_WRITABLE:
        return MachineError(
            f"{path} cannot be used ({os.strerror(number)}). Change the permissions of the file and its folder, "
            f"or work in a folder of your own, {_AGAIN}"
        )
    return None


@contextmanager
def job(log: str | os.PathLike) -> Iterator[logging.Logger]:
    """Log messages of the library to the file `log`, and warnings also to the terminal.

    An error that a user can fix (`explained`) ends the process with its message and exit status 1, without traceback.
    Any other exception is raised again, after its traceback is written to the log.
    """
    logger = logging.getLogger("embrittle")
    try:
        _log_to(Path(log))
        yield logger
    except Exception as error:
        if plain := explained(error):
            logger.error("%s: %s", type(plain).__name__, plain)
            sys.exit(1)
        with suppress(OSError), Path(log).open("a", encoding="utf-8") as file:
            traceback.print_exc(file=file)
        raise


def _log_to(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING)
    logging.raiseExceptions = False  # no traceback if the disk is too full for a log line
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=[logging.FileHandler(path, mode="w", encoding="utf-8"), terminal],
        force=True,
    )
