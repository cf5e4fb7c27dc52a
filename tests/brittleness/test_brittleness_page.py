"""The first part of the page, from cells whose numbers are known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from embrittle.brittleness.cells import (
    COLUMNS,
    HIT_RATE,
    ITEMS,
    LEFT,
    NDCG,
    NOISE,
    NORM,
    OF_ITEMS,
    OF_USERS,
    SINGLE_STEP,
    STRONGEST,
    WORST_GROUP,
)
from embrittle.brittleness.page import legend, next_steps, parts, percent
from embrittle.vocabulary import UNPERTURBED

FGSM, PGD, BIM = ("fgsm", 0.5, 1), ("pgd", 0.5, 50), ("bim", 0.5, 50)
BEFORE, DICE = (UNPERTURBED, 0.0, 0), ("noise", 0.5, 1)
NO_GROUP = (np.nan,) * 4
OF_GROUP = ("user gender = F", "users", 1709, 131.4)


def cells_of(strongest=(PGD, PGD), noise=True, groups=True, n_seeds=3) -> pd.DataFrame:
    rows = []

    def add(model, role, quantity, condition, mean, half=1.0, group=NO_GROUP):
        ends = (mean - half, mean + half) if n_seeds > 1 else (np.nan, np.nan)
        among = 3 if role in (STRONGEST, WORST_GROUP) else np.nan
        rows.append(
            ("shop", model, role, quantity, *condition, among, *group, mean, *ends, n_seeds)
        )

    for number, (model, attack) in enumerate(zip(("BPR-MF", "AMF"), strongest, strict=True)):
        add(model, UNPERTURBED, NDCG, BEFORE, 0.0431 + number / 100, 0.0012)
        add(model, UNPERTURBED, HIT_RATE, BEFORE, 0.0882, 0.003)
        add(model, UNPERTURBED, ITEMS, BEFORE, 2141.0)
        add(model, SINGLE_STEP, LEFT, FGSM, 92.0)
        add(model, SINGLE_STEP, NORM, FGSM, 0.5)
        add(model, STRONGEST, LEFT, attack, 34.2 + 17 * number, 3.0)
        add(model, STRONGEST, NORM, attack, 3.35 + number)
        add(model, STRONGEST, OF_USERS, attack, 0.785)
        add(model, STRONGEST, OF_ITEMS, attack, 1.2)
        add(model, STRONGEST, ITEMS, attack, 692.0)
        if noise:
            add(model, NOISE, LEFT, DICE, 99.4)
        if groups:
            add(model, WORST_GROUP, LEFT, ("pgd", 0.5, 25), 4.26, 2.0, OF_GROUP)
    return pd.DataFrame(rows, columns=COLUMNS)


def part(cells, budget="absolute"):
    titles = {"shop": "The shop", "other": "Nothing of it"}
    (only,) = parts(cells, titles, k=10, epsilon=0.5, budget=budget)
    return replace(only, sentences=[plain(text) for text in only.sentences])


def plain(text):
    """With spaces where a line may not break."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_table_has_a_row_for_each_model():
    table = part(cells_of()).table
    assert table.columns == [
        *("nDCG@10", "HR@10", "Left after FGSM", "Left after the strongest attack"),
        *("Left after random noise", "Group that loses most", "Items recommended"),
    ]
    (heads, shown), (second, _) = table.rows
    assert (heads, second) == (["BPR-MF"], ["AMF"])
    assert [plain(cell.ours) for cell in shown] == [
        *("0.0431", "0.0882", "92 %", "34 %", "99 %", "4.3 % left", "2,141 → 692")
    ]
    assert shown[0].spread == "[0.0419, 0.0443]"
    assert shown[3].spread == "[31, 37]"
    assert table.caption.endswith("The shop (in brackets 95 % intervals over 3 seeds)")
    assert shown[2].note == "row norm 0.50"
    assert (
        plain(shown[3].note)
        == "PGD, 50 steps; row norm 3.35, 78 % of users' and 120 % of items' rows"
    )
    assert shown[5].note == "user gender = F (1,709 users, 131 hits before); PGD, 25 steps"


def test_one_seed_says_so_instead_of_an_interval():
    only = part(cells_of(n_seeds=1))
    assert only.table.caption.endswith("The shop (one seed, no interval)")
    assert only.table.rows[0][1][3].spread == ""
    assert only.sentences[-1].startswith("These are one training of each model")
    assert not any("one training" in text for text in part(cells_of()).sentences)
    assert "[" not in "".join(only.sentences)


def test_seeds_that_agree_have_no_interval():
    """A group whose hits are all gone under every seed."""
    cells = cells_of()
    gone = (cells["role"] == WORST_GROUP) & (cells["model"] == "AMF")
    cells.loc[gone, ["mean", "low", "high"]] = 0.0
    assert part(cells).sentences[-1].endswith("AMF for the same group (131 hits before, 0 %).")


def test_sentences_tell_the_numbers():
    assert part(cells_of()).sentences == [
        "At ε = 0.5, PGD after 50 steps leaves 34 % [31, 37] of BPR-MF's nDCG@10 and 51 % [48, 54] of AMF's "
        "(adversarial training).",
        "One step of FGSM leaves 92 % [91, 93] of BPR-MF's and 92 % [91, 93] of AMF's nDCG@10. Its perturbation is "
        "also smaller: at this ε, that of the strongest attack is 6.7 to 8.7 times as large (mean row norm).",
        "Random noise of FGSM's norm leaves 99 % [98, 100] of BPR-MF's and 99 % [98, 100] of AMF's nDCG@10.",
        "Of 3 groups of at least 10 hits, BPR-MF loses most for user gender = F (1,709 users, 131 hits before), where "
        "4.3 % [2.3, 6.3] of nDCG is left; AMF for the same group (131 hits before, 4.3 % [2.3, 6.3]).",
    ]


def test_each_models_strongest_attack_is_named():
    first = part(cells_of((PGD, BIM))).sentences[0]
    assert "PGD after 50 steps leaves 34 % [31, 37] of BPR-MF's nDCG@10 and BIM after 50" in first


def test_an_epsilon_in_units_of_the_rows_says_so():
    only = part(cells_of(), "relative")
    assert "is left at ε = 0.5 of the rows' size, The shop" in only.table.caption
    assert only.sentences[0].startswith("At ε = 0.5 of the rows' size, PGD after 50 steps")


def keys_of(cells):
    return next_steps(cells, epsilon=0.5, budget="absolute", n_seeds=3, selection="last")


def test_a_perturbation_as_large_as_the_rows_is_pointed_out():
    cells = cells_of()
    sizes = cells["quantity"].isin([OF_USERS, OF_ITEMS]) & (cells["model"] == "AMF")
    fgsm = cells[sizes].assign(role=SINGLE_STEP, mean=[0.1, 2.04])
    steps = keys_of(pd.concat([cells, fgsm]))
    assert steps[0].setting == "table1: {attacks: [fgsm-relative, bim-relative], epsilon: 0.1}"
    assert "FGSM changes the item rows of AMF by 204 % of their size" in plain(steps[0].reason)
    assert not any("relative" in step.setting for step in keys_of(cells))


def test_the_size_of_the_strongest_attack_is_that_of_the_models_it_is_told_of():
    sentence = part(cells_of((FGSM, PGD))).sentences[1]
    assert "that of the strongest attack on AMF is 8.7 times as large" in sentence


def test_a_single_step_is_not_compared_with_itself():
    sentences = part(cells_of((FGSM, FGSM))).sentences
    assert not any("times as large" in text for text in sentences)


def test_what_was_not_run_has_no_column_and_no_sentence():
    only = part(cells_of(noise=False, groups=False))
    assert not {"Left after random noise", "Group that loses most"} & {*only.table.columns}
    assert not any("noise" in text or "loses most" in text for text in only.sentences)


def test_the_legend_explains_what_was_run():
    papers = legend([part(cells_of())], ["fgsm", "pgd", "noise"], ["train", "train", "nothing"])
    assert papers[:2] == [
        "FGSM changes the embeddings in one step along the gradient of the training loss.",
        "PGD takes several small steps along the gradient of the training loss, from a random start.",
    ]
    assert not any("BIM takes" in text or "APGD" in text or "ranking" in text for text in papers)
    assert any("Groups of fewer than 10 hits" in text for text in papers)
    ranking = " ".join(legend([part(cells_of())], ["apgd", "ensemble"], ["lists", "lists"]))
    assert ranking.startswith("APGD takes steps whose size it adapts")
    assert "push the items of the model's own lists down" in ranking
    cells = cells_of(noise=False, groups=False)
    (measures,) = legend([part(cells[cells["role"] == UNPERTURBED])], [], [])
    assert measures.startswith("HR is the share")


def test_without_an_attack_the_page_says_so():
    cells = cells_of()
    only = part(cells[cells["role"] == UNPERTURBED])
    assert only.table.columns == ["nDCG@10", "HR@10", "Items recommended"]
    assert only.table.rows[0][1][2].ours == "2,141"
    (sentence,) = only.sentences
    assert sentence == "No attack was run at ε = 0.5."


def keys(cells, n_seeds=3, selection="best-on-validation") -> list[str]:
    return [
        step.setting
        for step in next_steps(
            cells, epsilon=0.5, budget="absolute", n_seeds=n_seeds, selection=selection
        )
    ]


def test_next_steps_stay_in_the_unit_of_epsilon():
    cells = cells_of(noise=False, groups=False)
    steps = next_steps(cells, epsilon=0.1, budget="relative", n_seeds=3, selection="last")
    (groups,) = [step.setting for step in steps]  # and no noise of an absolute ε
    assert groups.endswith("attacks: [pgd], epsilon: 0.1}")


def test_next_steps_name_the_keys_that_say_more():
    assert keys(cells_of()) == []
    assert keys(cells_of(), n_seeds=1) == keys(cells_of(), n_seeds=2) == ["seeds: [0, 1, 2]"]
    assert keys(cells_of(), selection="best-on-test") == [
        "training: {selection: best-on-validation}"
    ]
    assert keys(cells_of(noise=False)) == [
        "budgets: {datasets: [shop], compare_at: 0.5, attacks: [fgsm, noise]}"
    ]
    alone = cells_of()
    alone = alone[alone["model"] == "AMF"]
    steps = next_steps(
        alone, epsilon=0.5, budget="absolute", n_seeds=3, selection=None, own=["AMF"]
    )
    assert [step.setting for step in steps] == ["models: [AMF, BPR-MF]"]
    (chosen,) = next_steps(
        cells_of(), epsilon=0.5, budget="absolute", n_seeds=3, selection="best-on-test", own=["AMF"]
    )
    assert "which AMF may have been trained with" in chosen.reason
    (groups,) = keys(cells_of(groups=False))
    assert groups.startswith("fairness: {attributes: [")
    nothing = cells_of()
    nothing = nothing[nothing["role"] == UNPERTURBED]
    assert "table1: {attacks: [fgsm, bim, pgd], epsilon: 0.5}" in keys(nothing)


def test_an_interval_without_width_is_none():
    """One version of own embeddings has the same lists under every seed."""
    cells = cells_of()
    equal = (cells["role"] == UNPERTURBED) & (cells["quantity"] == NDCG)
    cells.loc[equal, ["low", "high"]] = cells.loc[equal, ["mean", "mean"]].to_numpy()
    assert [row[1][0].spread for row in part(cells).table.rows] == ["", ""]
    assert all(row[1][0].spread for row in part(cells_of()).table.rows)


@pytest.mark.parametrize(
    ("value", "text"),
    [(34.4, "34 %"), (4.26, "4.3 %"), (0.0, "0 %"), (-0.01, "0.0 %"), (-3.0, "−3.0 %")],
)
def test_percentages_in_words(value, text):
    assert plain(percent(value)) == text
