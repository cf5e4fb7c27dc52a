"""A title that has something of every format's markup, and how Markdown and LaTeX write it."""

AWKWARD = "5 $ | <b>_a_</b> & 100% of {x^2} ~ #1 $"
IN_MARKDOWN = r"5 \$ \| \<b\>\_a\_\</b\> \& 100% of {x^2} \~ \#1 \$"
IN_LATEX = (
    r"5 \$ \textbar{} \textless{}b\textgreater{}\_a\_\textless{}/b\textgreater{} \& 100\% of "
    r"\{x\textasciicircum{}2\} \textasciitilde{} \#1 \$"
)


def assert_written(text: str, title: str) -> None:
    """The title is in the text, and nowhere written in another way."""
    assert title in text
    assert "x^2" not in text.replace(title, "")
    assert "textasciicircum" not in text.replace(title, "")
