"""The frame of every job: a log file, signs of life, and plain messages for errors that users can fix."""

import errno
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from embrittle.device import torch_missing
from embrittle.errors import DeviceError, EmbrittleError, MachineError

_AGAIN = "then run the same command again. Complete files are kept, and a training continues from its checkpoint."
# Time between two signs of life of a job on the terminal.
SECONDS_BETWEEN_SIGNS = 30
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

    A job that takes longer than half a minute says every half minute on the terminal that it runs, and how far it is:
    the library's latest message of level DEBUG, which log files leave out.

    An error that a user can fix (`explained`) ends the process with its message and exit status 1, without traceback.
    Any other exception is raised again, after its traceback is written to the log.
    """
    logger = logging.getLogger("embrittle")
    ended = threading.Event()
    try:
        _log_to(Path(log), ended)
        yield logger
    except Exception as error:
        if plain := explained(error):
            logger.error("%s: %s", type(plain).__name__, plain)
            sys.exit(1)
        with suppress(OSError), Path(log).open("a", encoding="utf-8") as file:
            traceback.print_exc(file=file)
        raise
    finally:
        ended.set()


def job_name(log: str | os.PathLike) -> str:
    """Return the name of a job on the terminal: the path of its log file in the folder `logs`, without suffix."""
    path = Path(log).as_posix()
    return (f"/{path}".partition("/logs/")[2] or path).removesuffix(".log")


def _log_to(path: Path, ended: threading.Event) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = logging.FileHandler(path, mode="w", encoding="utf-8")
    file.setLevel(logging.INFO)
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING)
    shown = f"%(asctime)s {job_name(path)}: %(levelname)s: %(message)s"
    terminal.setFormatter(logging.Formatter(shown, "%H:%M:%S"))
    logging.raiseExceptions = False  # no traceback if the disk is too full for a log line
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=[file, terminal, _SignsOfLife(job_name(path), ended)],
        force=True,
    )
    logging.getLogger("embrittle").setLevel(logging.DEBUG)


class _SignsOfLife(logging.Handler):
    """Keeps the latest message of level DEBUG, and shows it on the terminal at intervals until the job has ended."""

    def __init__(self, name: str, ended: threading.Event):
        super().__init__(logging.DEBUG)
        self._job, self._progress = name, "running"
        self._ended, self._began = ended, time.monotonic()
        threading.Thread(target=self._show, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.DEBUG:
            self._progress = record.getMessage()

    def _show(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN_SIGNS):
            minutes = (time.monotonic() - self._began) / 60
            now = time.strftime("%H:%M:%S")
            with suppress(OSError, ValueError):  # a terminal that has been closed
                print(
                    f"{now} {self._job}: {self._progress}, {minutes:.1f} min so far",
                    file=sys.stderr,
                    flush=True,
                )
