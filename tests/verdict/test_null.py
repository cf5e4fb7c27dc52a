"""Results without an effect are decided for a claim no more often than chance allows."""

import pytest

from embrittle.verdict.decisions import TESTS
from null_results import NULLS, SEEDS, TWO_OF_MANY, UNDECIDED, found_by

AT_MOST = 0.035
"""2.5 %, and what 2,000 draws may add by chance, three standard errors."""


def test_every_test_has_results_without_an_effect_or_decides_nothing():
    assert set(NULLS) | UNDECIDED == set(TESTS)
    assert not set(NULLS) & UNDECIDED


@pytest.mark.parametrize("test", NULLS)
def test_few_results_without_an_effect_already_tell_a_test_that_always_finds_one(test):
    assert found_by(test, 3, draws=60).cases < 0.12  # five standard errors above 2.5 %


@pytest.mark.parametrize("test", TWO_OF_MANY)
def test_many_cases_without_an_effect_rarely_make_a_claim_true_in_part(test):
    found = found_by(test, 3, draws=600)
    assert 0.01 < found.cases <= AT_MOST
    assert 0.005 < found.claims <= 0.045  # three standard errors of 600 draws


@pytest.mark.slow
@pytest.mark.parametrize("n_seeds", SEEDS)
@pytest.mark.parametrize("test", NULLS)
def test_an_effect_is_rarely_found_where_there_is_none(test, n_seeds):
    found = found_by(test, n_seeds)
    assert 0.01 < found.cases <= AT_MOST
    if test in TWO_OF_MANY:
        assert 0.01 < found.claims <= AT_MOST
