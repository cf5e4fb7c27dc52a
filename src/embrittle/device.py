"""The device of the hot loops: detection of GPUs, and a GPU for each job.

This module asks the CUDA driver itself, because importing torch takes seconds.
"""

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
_INSTALL_TORCH = "Install it with `make torch` or, outside of a clone, `pip install torch`."
_POLL_SECONDS = 0.5
_held = []  # the locks of this process, held until it ends


@cache
def _driver() -> ctypes.CDLL | None:
    """Return the initialised CUDA driver; None without a driver or device."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    return driver if driver.cuInit(0) == 0 else None


def cuda_device_count() -> int:
    """Return the number of CUDA devices that are visible to the driver (see CUDA_VISIBLE_DEVICES); 0 without driver."""
    count = ctypes.c_int(0)
    driver = _driver()
    if driver is None or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def cuda_device_ids() -> list[str]:
    """Return the UUIDs of the visible CUDA devices as hexadecimal text, in the driver's order.

    Indices do not identify a device, because CUDA_VISIBLE_DEVICES and Slurm renumber devices for every job.

    Raises:
        DeviceError: the driver does not report the UUID of a device.
    """
    ids = []
    for index in range(cuda_device_count()):
        uuid = (ctypes.c_ubyte * 16)()
        # The _v2 function also distinguishes the parts of a divided GPU (MIG).
        status = _driver().cuDeviceGetUuid_v2(ctypes.byref(uuid), index)
        if status != 0:
            raise DeviceError(
                f"The CUDA driver does not report the UUID of device {index} (error {status}). Check the driver with "
                "nvidia-smi, or choose device: cpu."
            )
        ids.append(bytes(uuid).hex())
    return ids


def cuda_device_names() -> list[str]:
    """Return the product names of the visible CUDA devices, in the driver's order."""
    names = []
    for index in range(cuda_device_count()):
        name = ctypes.create_string_buffer(256)
        _driver().cuDeviceGetName(name, len(name), index)
        names.append(name.value.decode())
    return names


def processor_name() -> str:
    """Return the model of the processor, or its architecture if the system does not report the model."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def torch_version() -> str | None:
    """Return the version of torch; None if it is not installed, because most studies do not need it."""
    try:
        return metadata.version("torch")
    except metadata.PackageNotFoundError:
        return None


def torch_can_use_cuda() -> bool:
    """Return whether a build of torch is installed that is not for the CPU alone."""
    version = torch_version()
    return version is not None and not version.endswith("+cpu")


def require_torch(configured: str, baselines: Sequence[str] = ()) -> None:
    """Check that torch is installed if a study needs it.

    Args:
        configured: the `device` of the configuration.
        baselines: the baselines of the study that are torch models (`Baseline.torch`).

    Raises:
        DeviceError: torch is needed and not installed. The message names the settings that need it.
    """
    needs = ["device: cuda"] if configured == "cuda" else []
    if baselines:
        needs.append(f"poster.baselines: {', '.join(baselines)}")
    if needs and torch_version() is None:
        raise torch_missing(" and ".join(needs))


def torch_missing(needed_for: str) -> DeviceError:
    """Return the error of a study or job that needs torch if torch is not installed."""
    return DeviceError(f"torch is not installed, but needed for {needed_for}. {_INSTALL_TORCH}")


def idle_gpu_advice(configured: str) -> str | None:
    """Return a line of advice if a GPU stays idle only because torch is not installed, else None."""
    if configured != "auto" or torch_version() is not None or cuda_device_count() == 0:
        return None
    return (
        "This machine has a CUDA GPU, but the study runs on the CPU, because torch is not installed. "
        f"{_INSTALL_TORCH} device: cpu hides this advice."
    )


def resolve(device: str) -> str:
    """Return "cpu" or "cuda" for a configured device; "auto" gives "cuda" if a GPU and a CUDA build of torch are found.

    Raises:
        DeviceError: `device` is not one of "auto", "cpu", "cuda".
    """
    if device not in DEVICES:
        raise DeviceError(f"device: {device!r} is unknown; choose one of {', '.join(DEVICES)}.")
    if device == "auto":
        return "cuda" if cuda_device_count() > 0 and torch_can_use_cuda() else "cpu"
    return device


def of_job(gpus: int) -> str:
    """Return the device of a job to which the scheduler assigned `gpus` GPUs: "cpu", or its own "cuda:<index>"."""
    return claim_gpu(cuda_device_ids()) if gpus else "cpu"


def claim_gpu(ids: Sequence[str], folder: Path | None = None) -> str:
    """Reserve one of several GPUs for this process, waiting until one is free.

    Snakemake limits the number of GPU jobs, but does not assign a GPU to each. A lock file for each GPU does so, among
    all jobs of a user on a machine. The operating system releases a lock when its process ends, even if killed.

    Args:
        ids: UUIDs from `cuda_device_ids`.
        folder: folder of the lock files; None for the machine's folder for temporary files.

    Returns:
        "cuda:<index>", with the position in `ids`. If `ids` is empty, "cuda", for which `get_backend` raises the error.
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
            logger.info("Using GPU %d of %d (%s)", index + 1, len(ids), ids[index])
            return f"cuda:{index}"
        if not told:
            logger.warning("Other jobs use all %d GPUs: waiting for a free one", len(ids))
            told = True
        time.sleep(_POLL_SECONDS)
