"""Titles in Markdown and LaTeX: whatever is in them is read as it was written."""

import re
from pathlib import Path

import pytest

from awkward_title import AWKWARD, IN_LATEX, IN_MARKDOWN
from embrittle.render.markup import LATEX, MARKDOWN


def test_a_title_is_escaped():
    assert MARKDOWN.escape(AWKWARD) == IN_MARKDOWN
    assert LATEX.escape(AWKWARD) == IN_LATEX


@pytest.mark.parametrize("text", ["[new]", "*", "a\\b", "`x`", "two\nlines"])
def test_markdown_reads_back_what_was_written(text):
    written = MARKDOWN.escape(text)
    assert re.sub(r"\\([^\w\s])", r"\1", written) == text.replace("\n", " ")
    assert not re.search(r"(?<!\\)[\[*`]", written)


def test_a_name_at_the_start_of_a_row_is_no_part_of_the_row_before_in_latex():
    assert LATEX.escape("[new] *") == "{[}new] {*}"
    assert LATEX.escape("two\nlines") == "two lines"


def test_captions_of_the_snakemake_report_are_filled_in_with_nothing():
    # They are reStructuredText, for which no title is escaped.
    captions = list(Path(__file__).parents[2].glob("workflow/report/*.rst"))
    assert len(captions) >= 7
    assert not [path.name for path in captions if "{{" in path.read_text(encoding="utf-8")]
