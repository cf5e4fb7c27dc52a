"""Made-up points of a study of characteristics, with known lines, for the tests."""

import numpy as np
import pandas as pd

# Users, items and interactions of ML-1M's one-pass sub-samples are about these.
COUNTS = {
    10: (6040, 3260, 998_539),
    20: (6022, 3043, 995_000),
    30: (5289, 2883, 970_000),
    40: (4692, 2731, 945_000),
    50: (4247, 2593, 918_000),
    60: (3857, 2447, 893_000),
    70: (3584, 2295, 866_000),
    80: (3345, 2160, 838_000),
    90: (3134, 2042, 812_000),
    100: (2945, 1927, 787_026),
}
CONDITIONS = (("fgsm", 1), ("bim", 10), ("pgd", 10), ("bim", 25), ("pgd", 25))


def statistics(k: int) -> dict:
    users, items, interactions = COUNTS[k]
    return {
        "n_users": users,
        "n_items": items,
        "n_interactions": interactions,
        "density": interactions / (users * items),
        "size": users * items,
        "shape": users / items,
        "n_test": users,
    }


def table_of(ks=tuple(COUNTS), source="ml-1m") -> list:
    return [(f"{source}-k{k}", source, k, statistics(k)) for k in ks]


def made_up_points(
    slopes: dict,
    over="density",
    ks=tuple(COUNTS),
    seeds=(0,),
    noise=0.0,
    conditions=CONDITIONS,
    source="ml-1m",
) -> pd.DataFrame:
    """Rho = level + slope (x - mean of x) + noise.

    Args:
        slopes: model -> slope, the same for all attacks; or (model, attack) -> slope.
        over: the characteristic that rho is a line over.
        noise: standard deviation of each run.
    """
    draw = np.random.default_rng(3)
    centre = np.mean([statistics(k)[over] for k in COUNTS])
    levels = {"fgsm": 9.0, "bim": 36.0, "pgd": 38.0}
    rows = []
    for model in dict.fromkeys(key if isinstance(key, str) else key[0] for key in slopes):
        for k in ks:
            for seed in seeds:
                for attack, iterations in conditions:
                    slope = slopes[(model, attack)] if (model, attack) in slopes else slopes[model]
                    level = levels[attack] * (0.6 if model == "AMF" else 1.0) + iterations / 5
                    rho = level + slope * (statistics(k)[over] - centre)
                    rho += noise * draw.standard_normal()
                    about = {"dataset": f"{source}-k{k}", "source": source, "k": k}
                    run = {"model": model, "seed": seed, "attack": attack, "epsilon": 0.5}
                    run |= {"iterations": iterations, "initial": 0.045}
                    value = {"value": 0.045 * (1 - rho / 100), "rho": rho}
                    rows.append({**about, **run, **value, **statistics(k)})
    return pd.DataFrame(rows)
