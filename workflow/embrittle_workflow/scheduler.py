"""What the workflow tells Snakemake's scheduler by attributes, because no option and no key of a profile says it.

Another version of Snakemake may lack an attribute. The study then runs all the same, and a line says what is different.
"""

import logging
from typing import Any

logger = logging.getLogger(__name__)


def limit_gpu_jobs(workflow: Any, n_devices: int) -> None:
    """Run at most one job for each GPU at a time, unless the user sets another limit (--resources gpu=...).

    Without a limit Snakemake would start one job for each core. On a cluster, where --jobs is given, the cluster's
    scheduler limits the jobs.
    """
    try:
        submits = workflow.resource_settings.nodes is not None
        if workflow.is_main_process and not submits and "gpu" not in workflow.global_resources:
            workflow.register_resource("gpu", n_devices)
    except AttributeError as error:
        logger.warning(
            "This version of Snakemake does not let the workflow limit the number of jobs on GPUs (%s). Add "
            "--resources gpu=%d, so that no job waits for a GPU while it takes a core.",
            *(error, n_devices),
        )


def lift_submission_limit(workflow: Any) -> None:
    """Lift the limit on submissions per timespan, Snakemake's default, where nothing is submitted to a cluster.

    With the limit, Snakemake 9.27 schedules a re-evaluation of the ready jobs after every scheduling pass and never
    cancels it. After a thousand jobs, a thousand re-evaluations run in every timespan and take longer than the jobs.
    Without a cluster the limit is not needed: the scheduler also runs whenever a job ends. The option
    --max-jobs-per-timespan can raise the limit, but not lift it.
    """
    try:
        if workflow.resource_settings.nodes is None:
            workflow.scheduler.job_rate_limiter  # noqa: B018 (an attribute that is not there could be set all the same)
            workflow.scheduler.job_rate_limiter = None
    except AttributeError as error:
        logger.warning(
            "This version of Snakemake does not let the workflow lift the limit on submissions (%s). Many short jobs "
            "may take longer.",
            error,
        )
