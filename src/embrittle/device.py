"""Which device the hot loops run on. Light: asking does not load torch, which alone takes seconds."""

import ctypes
import getpass
import logging
import platform
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from embrittle.errors import DeviceError

logger = logging.getLogger(__name__)

DEVICES = ("auto", "cpu", "cuda")
_POLL_SECONDS = 0.5
_held = []  # locks, for as long as the process lives


@cache
def _driver() -> ctypes.CDLL | None:
    """The CUDA driver, initialised; None where there is none, or no device."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    return driver if driver.cuInit(0) == 0 else None


def cuda_device_count() -> int:
    """Number of CUDA devices that the driver shows (CUDA_VISIBLE_DEVICES is respected), 0 without a driver."""
    count = ctypes.c_int(0)
    driver = _driver()
    if driver is None or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def cuda_device_ids() -> list[str]:
    """The devices that the driver shows, in its order, each by the number that is its own on any machine.

    The index alone would not do: CUDA_VISIBLE_DEVICES and Slurm count anew for every job.
    """
    ids = []
    for index in range(cuda_device_count()):
        uuid = (ctypes.c_ubyte * 16)()
        # The second form also tells the parts of a divided GPU (MIG) apart.
        status = _driver().cuDeviceGetUuid_v2(ctypes.byref(uuid), index)
        if status != 0:
            raise DeviceError(f"The CUDA driver does not name its device {index} (error {status}).")
        ids.append(bytes(uuid).hex())
    return ids


def cuda_device_names() -> list[str]:
    """What the devices are called, in the driver's order."""
    names = []
    for index in range(cuda_device_count()):
        name = ctypes.create_string_buffer(256)
        _driver().cuDeviceGetName(name, len(name), index)
        names.append(name.value.decode())
    return names


def processor_name() -> str:
    """The processor's model, or the architecture where the system does not tell."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def torch_can_use_cuda() -> bool:
    """Whether torch is installed and its build is not for the CPU alone."""
    try:
        return not metadata.version("torch").endswith("+cpu")
    except metadata.PackageNotFoundError:
        return False


def resolve(device: str) -> str:
    """Turn the configured device into "cpu" or "cuda".

    Raises:
        DeviceError: `device` is not one of "auto", "cpu", "cuda".
    """
    if device not in DEVICES:
        raise DeviceError(f"device: {device!r} is unknown; choose one of {', '.join(DEVICES)}.")
    if device == "auto":
        return "cuda" if cuda_device_count() > 0 and torch_can_use_cuda() else "cpu"
    return device


def of_job(gpus: int) -> str:
    """The device of a job that was given `gpus` GPUs by the scheduler: "cpu", or one of its own, "cuda:<index>"."""
    return claim(cuda_device_ids()) if gpus else "cpu"


def claim(ids: Sequence[str], folder: Path | None = None) -> str:
    """Take one of several GPUs for this process alone, waiting until one is free.

    Snakemake counts GPUs but does not say which one a job has. The locks are files that the operating system frees
    when the process ends, however it ends; they hold among all jobs of a user on a machine.

    Args:
        ids: as from `cuda_device_ids`.
        folder: where the locks are; None for the machine's folder for temporary files.

    Returns:
        "cuda:<index>", the place in `ids`. Without any, "cuda": whoever uses it will say what is wrong.
    """
    from filelock import FileLock, Timeout

    if not ids:
        return "cuda"
    folder = folder or Path(tempfile.gettempdir(), f"embrittle-gpus-{getpass.getuser()}")
    folder.mkdir(parents=True, exist_ok=True)
    locks = [FileLock(folder / f"{name}.lock") for name in ids]
    told = False
    while True:
        for index, lock in enumerate(locks):
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            _held.append(lock)
            logger.info("On GPU %d of %d (%s)", index + 1, len(ids), ids[index])
            return f"cuda:{index}"
        if not told:
            logger.warning("All %d GPUs are taken by other jobs: waiting for one", len(ids))
            told = True
        time.sleep(_POLL_SECONDS)
