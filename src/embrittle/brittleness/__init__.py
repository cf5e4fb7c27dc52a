"""How brittle each model of a study is, in a few numbers: the first part of the page."""
