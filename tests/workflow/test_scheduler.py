"""What the workflow tells Snakemake's scheduler, in the Snakemake that is installed and in one without attributes."""

import inspect
import logging
import re
from functools import partial
from types import SimpleNamespace

import pytest

from embrittle_workflow.scheduler import lift_submission_limit, limit_gpu_jobs


def workflow(**resources):
    """A workflow as a Snakefile sees it, with Snakemake's own resources and its way to register one."""
    from snakemake.api import ResourceSettings, Workflow

    settings = ResourceSettings(**resources)
    made = SimpleNamespace(resource_settings=settings, is_main_process=True, scheduler=None)
    made.global_resources = settings._parsed_resources
    made.register_resource = partial(Workflow.register_resource, made)
    return made


def test_one_job_for_each_gpu(caplog):
    ours = workflow(cores=4)
    limit_gpu_jobs(ours, 2)
    assert ours.global_resources["gpu"].value == 2
    assert not caplog.messages


def test_the_users_limit_and_the_clusters_stand(caplog):
    limited = workflow(cores=4, resources={"gpu": 1})
    limit_gpu_jobs(limited, 2)
    assert limited.global_resources["gpu"].value == 1
    cluster = workflow(nodes=10)
    limit_gpu_jobs(cluster, 2)
    assert "gpu" not in cluster.global_resources
    assert not caplog.messages


def test_this_version_of_snakemake_can_do_without_a_limit_on_submissions():
    from snakemake.scheduling.job_scheduler import JobScheduler

    text = inspect.getsource(JobScheduler)
    assert text.count("self.job_rate_limiter = ") == 1
    # Of the three uses, two are in one method, and both methods ask before.
    assert text.count("self.job_rate_limiter.") == 3
    assert len(re.findall(r"if self\.job_rate_limiter is (not )?None:", text)) == 2


@pytest.mark.parametrize(("nodes", "left"), [(None, None), (10, "limit")])
def test_the_limit_is_lifted_where_nothing_is_submitted(caplog, nodes, left):
    scheduler = SimpleNamespace(job_rate_limiter="limit")
    settings = SimpleNamespace(nodes=nodes)
    lift_submission_limit(SimpleNamespace(scheduler=scheduler, resource_settings=settings))
    assert scheduler.job_rate_limiter == left
    assert not caplog.messages


def test_without_the_attributes_a_line_says_what_is_different(caplog):
    caplog.set_level(logging.WARNING)
    settings = SimpleNamespace(nodes=None)
    scheduler = SimpleNamespace()
    lift_submission_limit(SimpleNamespace(scheduler=scheduler, resource_settings=settings))
    assert not hasattr(scheduler, "job_rate_limiter")
    limit_gpu_jobs(SimpleNamespace(is_main_process=True, resource_settings=settings), 2)
    limit_gpu_jobs(SimpleNamespace(), 2)
    lift, *limit = caplog.messages
    assert "does not let the workflow lift the limit on submissions" in lift
    assert "'job_rate_limiter'" in lift
    assert ["--resources gpu=2" in line for line in limit] == [True, True]
