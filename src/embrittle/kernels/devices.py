"""Which module has the hot loops of a device."""

from embrittle.kernels.backend import Backend


def get_backend(device: str) -> Backend:
    """Return the backend of a resolved device: "cpu", "cuda" or "cuda:<index>"."""
    # Imported here because torch alone takes longer to load than a whole attack on the CPU.
    if device.startswith("cuda"):
        from embrittle.kernels.cuda import CudaBackend

        return CudaBackend(device)
    from embrittle.kernels.cpu import CpuBackend

    return CpuBackend()
