"""Which device the hot loops run on. Light: asking does not load torch, which alone takes seconds."""

import ctypes
from functools import cache
from importlib import metadata

from .errors import DeviceError

DEVICES = ("auto", "cpu", "cuda")


@cache
def cuda_device_count() -> int:
    """Number of CUDA devices that the driver shows (CUDA_VISIBLE_DEVICES is respected), 0 without a driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


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
