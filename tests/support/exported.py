"""Embeddings written to files as users export them, in every format that can be brought in."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file


def parquet(path: Path, ids, factors, bias=None):
    columns = {"id": list(ids)}
    columns |= {f"f{k}": factors[:, k] for k in range(factors.shape[1])}
    pq.write_table(pa.table(columns | ({} if bias is None else {"bias": bias})), path)


def parquet_lists(path: Path, ids, factors, bias=None):
    columns = {"id": list(ids), "factors": list(factors)}
    pq.write_table(pa.table(columns | ({} if bias is None else {"bias": bias})), path)


def text_table(path: Path, ids, factors, bias=None):
    table = pd.DataFrame(factors)
    table.insert(0, "id", list(ids))
    table = table if bias is None else table.assign(bias=bias)
    table.to_csv(path, index=False, sep="\t" if ".tsv" in path.name else ",")


def text_lists(path: Path, ids, factors, bias=None):
    rows = [str([float(value) for value in row]) for row in factors]
    table = pd.DataFrame({"id": list(ids), "factors": rows})
    table = table if bias is None else table.assign(bias=bias)
    table.to_csv(path, index=False)


def npy(path: Path, ids, factors, bias=None):
    np.save(path, factors)
    _ids(path, ids)
    if bias is not None:
        np.save(path.with_name("bias.npy"), bias)


def safetensors(path: Path, ids, factors, bias=None):
    arrays = {"factors": np.ascontiguousarray(factors)}
    save_file(arrays | ({} if bias is None else {"bias": bias}), path)
    _ids(path, ids)


def word2vec(path: Path, ids, factors, bias=None):
    assert bias is None
    lines = [f"{len(factors)} {factors.shape[1]}"]
    lines += [" ".join([name, *map(str, row)]) for name, row in zip(ids, factors, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _ids(path: Path, ids):
    path.with_suffix(".ids").write_text("".join(f"{name}\n" for name in ids), encoding="utf-8")


FORMATS = {
    "table.parquet": parquet,
    "lists.parquet": parquet_lists,
    "table.csv": text_table,
    "table.csv.gz": text_table,
    "table.tsv": text_table,
    "lists.csv": text_lists,
    "array.npy": npy,
    "array.safetensors": safetensors,
    "word2vec.vec": word2vec,
}


def exported(folder: Path, name: str, users, items, seed: int = 0) -> dict:
    """Write embeddings with shuffled rows, and return their entry in a configuration.

    Args:
        folder: a new folder for the files.
        name: a key of `FORMATS`.
        users, items: (ids, factors), of items also biases or None.
        seed: of the order of rows.
    """
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    entry = {}
    for side, (ids, *arrays) in {"users": users, "items": items}.items():
        order = rng.permutation(len(ids))
        path = folder / f"{side}_{name}"
        shuffled = [None if array is None else array[order] for array in arrays]
        FORMATS[name](path, np.asarray(ids, dtype=object)[order], *shuffled)
        entry[side] = str(path)
        if path.with_suffix(".ids").exists():
            entry[f"{side[:-1]}_ids"] = str(path.with_suffix(".ids"))
    if (folder / "bias.npy").exists():
        entry["item_bias"] = str(folder / "bias.npy")
    return entry
