"""Which device is used, and that asking is cheap."""

import ctypes
import select
import signal
import subprocess
import sys
import time
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

    def cuDeviceGetUuid_v2(self, pointer, index):
        pointer._obj[:] = [index + 1] * 16
        return 0


@pytest.fixture(autouse=True)
def count_anew():
    """Let nothing that a test makes up outlive it."""
    device._driver.cache_clear()
    yield
    device._driver.cache_clear()


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
    device._driver.cache_clear()
    machine(monkeypatch, None, "2.9.0")
    assert device.cuda_device_count() == 0


@pytest.mark.parametrize("name", ["cpu", "cuda"])
def test_a_device_that_is_named_is_taken_at_its_word(monkeypatch, name):
    machine(monkeypatch, Driver(1) if name == "cpu" else None, "2.9.0")
    assert device.resolve(name) == name


@pytest.mark.parametrize(
    ("needs", "named"),
    [
        (("cuda", []), "device: cuda"),
        (("auto", ["CDAE", "NeuMF"]), "poster.baselines: CDAE, NeuMF"),
        (("cuda", ["NeuMF"]), "device: cuda and poster.baselines: NeuMF"),
    ],
)
def test_a_study_that_needs_torch_is_told_where_torch_is_missing(monkeypatch, needs, named):
    machine(monkeypatch, None, "2.9.0+cpu")
    device.require_torch(*needs)
    machine(monkeypatch, None, None)
    with pytest.raises(DeviceError, match=rf"needed for {named}\. Install it with `make torch`"):
        device.require_torch(*needs)


@pytest.mark.parametrize("driver", [None, Driver(1)])
@pytest.mark.parametrize("configured", ["auto", "cpu"])
def test_other_studies_do_without_torch(monkeypatch, driver, configured):
    machine(monkeypatch, driver, None)
    device.require_torch(configured)


@pytest.mark.parametrize(
    ("configured", "driver", "torch_version", "advised"),
    [
        ("auto", Driver(1), None, True),
        ("auto", None, None, False),
        ("auto", Driver(0), None, False),
        ("auto", Driver(1), "2.9.0+cpu", False),
        ("cpu", Driver(1), None, False),
    ],
)
def test_a_line_of_advice_where_a_gpu_stays_idle_for_lack_of_torch(
    monkeypatch, configured, driver, torch_version, advised
):
    machine(monkeypatch, driver, torch_version)
    advice = device.idle_gpu_advice(configured)
    assert (advice is not None) == advised
    if advised:
        assert "`make torch`" in advice
        assert len(advice.splitlines()) == 1


@pytest.mark.parametrize("name", ["gpu", "CUDA", "cuda:0", ""])
def test_an_unknown_device_is_an_error(name):
    with pytest.raises(DeviceError, match=rf"device: '{name}' is unknown.* auto, cpu, cuda\."):
        device.resolve(name)


def test_the_cpu_backend_does_not_load_torch():
    code = (
        "import sys\n"
        "from embrittle.kernels.devices import get_backend\n"
        "import embrittle.models.training, embrittle.attacks.run\n"
        "print(type(get_backend('cpu')).__name__, 'torch' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["CpuBackend", "False"]


# --- A GPU of its own for every job --------------------------------------------------------------------


def test_devices_have_names_of_their_own(monkeypatch):
    machine(monkeypatch, Driver(2), "2.9.0")
    assert device.cuda_device_ids() == ["01" * 16, "02" * 16]
    assert device.of_job(0) == "cpu"


def holder(folder, ids):
    """A process that takes a GPU, says which, and keeps it."""
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from embrittle import device\n"
        "print(device.claim_gpu(sys.argv[2:], Path(sys.argv[1])), flush=True)\n"
        "time.sleep(600)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder), *ids], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def processes():
    """To put processes in that are to end with the test."""
    running = []
    yield running
    for process in running:
        process.kill()
        process.wait()


def test_every_job_has_a_gpu_of_its_own(tmp_path, processes):
    processes += [holder(tmp_path, ["a", "b", "c"]) for _ in range(3)]
    taken = sorted(process.stdout.readline().strip() for process in processes)
    assert taken == ["cuda:0", "cuda:1", "cuda:2"]


def test_a_job_waits_for_the_gpu_of_a_killed_one_and_gets_it(tmp_path, processes):
    processes.append(holder(tmp_path, ["a"]))
    assert processes[0].stdout.readline().strip() == "cuda:0"
    processes.append(holder(tmp_path, ["a"]))
    time.sleep(3)
    assert select.select([processes[1].stdout], [], [], 0)[0] == []  # waits
    processes[0].send_signal(signal.SIGKILL)
    assert processes[1].stdout.readline().strip() == "cuda:0"


def test_the_same_gpu_under_another_index_is_taken_too(tmp_path, processes):
    """Slurm and CUDA_VISIBLE_DEVICES count from 0 in every job."""
    processes.append(holder(tmp_path, ["a", "b"]))
    assert processes[0].stdout.readline().strip() == "cuda:0"
    processes.append(holder(tmp_path, ["b"]))
    assert processes[1].stdout.readline().strip() == "cuda:0"
    processes.append(holder(tmp_path, ["a", "b", "c"]))
    assert processes[2].stdout.readline().strip() == "cuda:2"


def test_without_a_device_the_backend_says_what_is_wrong(tmp_path):
    assert device.claim_gpu([], tmp_path) == "cuda"
