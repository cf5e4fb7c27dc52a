"""Which device is used, and that asking is cheap."""

import ctypes
import subprocess
import sys
from importlib import metadata

import pytest

from embrittle import device
from embrittle.errors import DeviceError


class Driver:
    """A CUDA driver that shows `count` devices."""

    def __init__(self, count, initialises=True):
        self.count, self.initialises = count, initialises

    def cuInit(self, flags):
        return 0 if self.initialises else 100  # CUDA_ERROR_NO_DEVICE

    def cuDeviceGetCount(self, pointer):
        pointer._obj.value = self.count
        return 0


@pytest.fixture(autouse=True)
def count_anew():
    """Let nothing that a test makes up outlive it."""
    device.cuda_device_count.cache_clear()
    yield
    device.cuda_device_count.cache_clear()


def machine(monkeypatch, driver: Driver | None, torch_version: str | None):
    def load(name):
        if driver is None:
            raise OSError(f"{name}: cannot open shared object file")
        return driver

    def version(package):
        if torch_version is None:
            raise metadata.PackageNotFoundError(package)
        return torch_version

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(metadata, "version", version)


@pytest.mark.parametrize(
    ("driver", "torch_version", "expected"),
    [
        (None, "2.9.0+cu128", "cpu"),
        (Driver(0), "2.9.0+cu128", "cpu"),
        (Driver(1, initialises=False), "2.9.0+cu128", "cpu"),
        (Driver(1), None, "cpu"),
        (Driver(1), "2.9.0+cpu", "cpu"),
        (Driver(1), "2.9.0+cu128", "cuda"),
        (Driver(2), "2.9.0", "cuda"),
    ],
)
def test_auto_takes_cuda_only_if_there_is_one_and_torch_can_use_it(
    monkeypatch, driver, torch_version, expected
):
    machine(monkeypatch, driver, torch_version)
    assert device.resolve("auto") == expected


def test_devices_are_counted_as_the_driver_says(monkeypatch):
    machine(monkeypatch, Driver(3), "2.9.0")
    assert device.cuda_device_count() == 3
    device.cuda_device_count.cache_clear()
    machine(monkeypatch, None, "2.9.0")
    assert device.cuda_device_count() == 0


@pytest.mark.parametrize("name", ["cpu", "cuda"])
def test_a_device_that_is_named_is_taken_at_its_word(monkeypatch, name):
    machine(monkeypatch, Driver(1) if name == "cpu" else None, "2.9.0")
    assert device.resolve(name) == name


@pytest.mark.parametrize("name", ["gpu", "CUDA", "cuda:0", ""])
def test_an_unknown_device_is_an_error(name):
    with pytest.raises(DeviceError, match=rf"device: '{name}' is unknown.* auto, cpu, cuda\."):
        device.resolve(name)


def test_what_the_snakefile_reads_loads_nothing_heavy():
    code = (
        "import sys\n"
        "import embrittle.attacks, embrittle.config, embrittle.device, embrittle.models\n"
        "embrittle.device.resolve('auto')\n"
        "heavy = {'torch', 'numba', 'numpy', 'pandas', 'pyarrow', 'matplotlib', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_cpu_backend_does_not_load_torch():
    code = (
        "import sys\n"
        "from embrittle.compute.backend import get_backend\n"
        "import embrittle.training, embrittle.perturbation\n"
        "print(type(get_backend('cpu')).__name__, 'torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["CpuBackend", "False"]
