"""Write embeddings of the example shop, which stand for a model that was trained elsewhere.

    python resources/example/make_embeddings.py FOLDER

The factors are those of a truncated singular value decomposition of the matrix of customers and products, without the
last purchase of each customer, on which the model is tested.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.linalg import svds

N_FACTORS = 8


def main(folder: Path) -> None:
    """Write users.parquet and items.parquet: a column of ids and one column for each factor."""
    purchases = pd.read_csv(Path(__file__).with_name("purchases.csv"), dtype=str)
    purchases = purchases.sort_values("bought", kind="stable")
    users, items = (pd.Categorical(purchases[name]) for name in ("customer", "sku"))
    shape = len(users.categories), len(items.categories)
    known = purchases.duplicated("customer", keep="last").to_numpy(float)  # 0 for the last purchase
    matrix = coo_array((known, (users.codes, items.codes)), shape).tocsr()
    left, sizes, right = svds(matrix, N_FACTORS, v0=np.ones(min(shape)))
    folder.mkdir(parents=True, exist_ok=True)
    for name, ids, factors in (
        ("users", users.categories, left * sizes),
        ("items", items.categories, right.T),
    ):
        table = pd.DataFrame(factors).add_prefix("factor_")
        table.insert(0, "id", ids)
        table.to_parquet(folder / f"{name}.parquet", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
