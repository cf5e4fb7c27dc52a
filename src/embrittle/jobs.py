"""What surrounds the work of every job: a log file, and plain messages for errors that users can mend."""

import errno
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from embrittle.errors import DeviceError, EmbrittleError, MachineError

_AGAIN = "then run the same command again: what is complete stays, and a training goes on from its checkpoint."
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)


def explained(error: Exception) -> EmbrittleError | None:
    """Return what a user can do about an error of the machine; None if it is none, but a mistake in the program."""
    if isinstance(error, EmbrittleError):
        return error
    if type(error).__name__ == "OutOfMemoryError" and type(error).__module__.startswith("torch"):
        return DeviceError(
            f"The memory of the GPU is full ({error}). Choose a smaller training.factors, or device: cpu; or see to it "
            "that nothing else uses this GPU (nvidia-smi)."
        )
    if isinstance(error, MemoryError):
        return MachineError(
            "The machine's memory is full. Run fewer jobs at once (a smaller --cores), or choose a smaller "
            "training.factors."
        )
    number, path = getattr(error, "errno", None), getattr(error, "filename", None) or "the results"
    if number in _NO_SPACE:
        return MachineError(
            f"There is no space left for {path} ({os.strerror(number)}). Free some, or raise the quota; {_AGAIN}"
        )
    if number in _NOT_WRITABLE:
        return MachineError(
            f"{path} cannot be used ({os.strerror(number)}). Give yourself the right to write there, or run in a "
            f"folder that is yours; {_AGAIN}"
        )
    return None


@contextmanager
def job(log: str | os.PathLike) -> Iterator[logging.Logger]:
    """Send the library's messages to the file `log`, warnings also to the terminal.

    An error that a user can do something about (`explained`) ends the process with its message and status 1, without
    a traceback; any other exception goes on its way, with its traceback in the log as well.
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
    logging.raiseExceptions = False  # a log line that finds no space is not worth a traceback
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=[logging.FileHandler(path, mode="w", encoding="utf-8"), terminal],
        force=True,
    )
