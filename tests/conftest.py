"""What several test files share: one finished tiny study."""

import pytest

from tiny_study import Project


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A finished tiny study. Tests may add to it, but leave what is there as it is."""
    project = Project(tmp_path_factory.mktemp("project"))
    project.run()
    return project
