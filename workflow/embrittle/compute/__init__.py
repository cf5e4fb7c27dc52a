"""Where the hot loops are: compiled for the CPU, in torch for CUDA, and a plain reference for both.

`cpu` and `cuda` offer the same functions (`Backend` in `backend.py`); `reference` is the torch-autograd version
that the tests hold both against.
"""
