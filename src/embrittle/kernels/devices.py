"""The backend of a device."""

from embrittle.kernels.backend import Backend


def get_backend(device: str) -> Backend:
    """Return the backend of a device.

    Args:
        device: "cpu", "cuda" or "cuda:<index>" (not "auto": see `embrittle.device.resolve`).

    Raises:
        DeviceError: torch has no CUDA device.
    """
    # Imported here, because importing torch takes longer than a whole attack on the CPU.
    if device.startswith("cuda"):
        from embrittle.kernels.cuda import CudaBackend

        return CudaBackend(device)
    from embrittle.kernels.cpu import CpuBackend

    return CpuBackend()
