"""What the figures were measured on: processor, memory and versions, nothing that identifies the machine."""

from __future__ import annotations

import os
import platform
from importlib import metadata

import torch

from embrittle.device import processor_name

PACKAGES = ("numpy", "numba", "llvmlite", "torch", "snakemake", "cornac", "implicit", "scipy")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def describe() -> dict[str, object]:
    """Return the properties that the figures depend on, in the order to print them in.

    "load at start" is the system's one-minute load average: well below 1 on a quiet machine.
    """
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
    description = {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "threads used": 1,
        "GPU": gpu,
        "CUDA": torch.version.cuda or "not in this build of torch",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
    }
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        description["memory"] = f"{memory / 1e9:.0f} GB"
    if hasattr(os, "getloadavg"):
        description["load at start"] = f"{os.getloadavg()[0]:.2f}"
    return description
