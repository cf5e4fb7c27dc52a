"""The hot loops: compiled for the CPU, in torch for CUDA, and a plain reference.

`cpu` and `cuda` implement the same interface (`backend.Backend`). The tests compare both with `reference`, which uses
torch autograd.
"""
