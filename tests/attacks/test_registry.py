"""The registry of attacks, and how a further one is added."""

import inspect

import numpy as np
import pytest

from attack_problem import assert_close, norms_of, run
from embrittle.attacks import methods
from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.registry import Attack, attack
from embrittle.attacks.run import perturb
from embrittle.errors import ConfigError


def test_the_registry_knows_the_papers_attacks_with_their_options():
    found = {name: (method.single_step, method.options) for name, method in ATTACKS.items()}
    assert found == {
        "fgsm": (True, {}),
        "bim": (False, {"step_size": 0.25, "norm": "linf", "negatives": "fixed"}),
        "pgd": (False, {"step_size": 0.25, "start": 0.05, "norm": "linf", "negatives": "fixed"}),
        "noise": (True, {}),
        "apgd": (False, {"norm": "l2", "starts": 1}),
        "mi": (False, {"step_size": 0.25, "norm": "linf", "momentum": 1.0}),
    }


def test_an_unknown_method_is_an_error_that_names_the_known_ones(loss):
    with pytest.raises(
        ConfigError, match=r"'deepfool'\. Valid methods: apgd, bim, fgsm, mi, noise, pgd"
    ):
        perturb(loss, "deepfool", epsilon=0.5, iterations=1, seed=0)


def test_every_attack_is_a_function_in_the_file_of_its_name():
    for name, method in ATTACKS.items():
        function = method.step or method.run
        assert (function.__module__, function.__name__) == (f"{methods.__name__}.{name}", name)
        assert (method.step is None) != (method.run is None)


def test_a_function_with_the_decorator_is_a_further_attack(loss, monkeypatch):
    monkeypatch.setitem(ATTACKS, "downhill", None)  # so that it is taken away again

    @attack(single_step=False)
    def downhill(loss, delta, iteration, *, epsilon, seed, stride=1.0):
        return loss.ascent_step(delta or loss.no_change(), -stride * epsilon, epsilon)

    assert ATTACKS["downhill"] == Attack(downhill, False, {"stride": 1.0})
    assert inspect.isfunction(downhill)
    np.testing.assert_allclose(norms_of(run(loss, "downhill", 0.2)), 0.2, rtol=2e-6)
    against = run(loss, "downhill", 0.5, stride=0.25)
    assert_close(against, [-array for array in run(loss, "bim", 0.5)])
