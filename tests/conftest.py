"""Fixtures of several test files: finished studies, made once in a run of the tests."""

import pytest

from tiny_study import Project, made_once


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark tests as slow that need a browser, a failed study or one with every product; whole studies come first."""
    for item in items:
        if {"browser", "failed", "everything"} & set(item.fixturenames):
            item.add_marker("slow")
    items.sort(key=lambda item: item.path.parent.name not in ("workflow", "study"))


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory):
    """The finished tiny study, which no test may change."""
    folder = made_once(tmp_path_factory, "finished-study", lambda folder: Project(folder).run())
    return Project(folder)


@pytest.fixture(scope="session")
def project(finished_study, tmp_path_factory):
    """A copy of the finished tiny study. Tests may add files to it, but must not change existing files."""
    return finished_study.duplicate(tmp_path_factory.mktemp("project") / "copy")
