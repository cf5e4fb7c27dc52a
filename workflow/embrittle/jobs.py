"""What surrounds the work of every job: a log file, and plain messages for errors that users can mend."""

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import EmbrittleError


@contextmanager
def job(log: str | os.PathLike) -> Iterator[logging.Logger]:
    """Send the library's messages to the file `log`, warnings also to the terminal.

    An `EmbrittleError` ends the process with its message and status 1, without a traceback; any other exception
    goes on its way, with its traceback in the log as well.
    """
    path = Path(log)
    path.parent.mkdir(parents=True, exist_ok=True)
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=[logging.FileHandler(path, mode="w", encoding="utf-8"), terminal],
        force=True,
    )
    logger = logging.getLogger("embrittle")
    try:
        yield logger
    except EmbrittleError as error:
        logger.error("%s: %s", type(error).__name__, error)
        sys.exit(1)
    except Exception:
        with path.open("a", encoding="utf-8") as file:
            traceback.print_exc(file=file)
        raise
