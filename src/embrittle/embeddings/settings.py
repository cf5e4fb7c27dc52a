"""The settings of own embeddings. Light: imported whenever the Snakefile is parsed."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from embrittle.section import Filled, Section, Text, optional, required, setting

DOCUMENT = "docs/embeddings.md"
# Ending of a file -> its format, a key of `formats.READERS`.
ENDINGS = {
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".csv", ".csv.gz", ".tsv", ".tsv.gz"), "text table"),
    ".npy": "npy",
    ".safetensors": "safetensors",
    **dict.fromkeys((".vec", ".w2v", ".txt"), "word2vec"),
}
# Formats of arrays alone, which need a file of ids beside them.
WITHOUT_IDS = ("npy", "safetensors")
# Files that may run any code when they are loaded.
PICKLED = (".pt", ".pth", ".pkl", ".pickle", ".joblib", ".ckpt")


class EmbeddingColumns(Section):
    """The names of columns in tables of embeddings."""

    user: Text | None = optional("The column of user ids; by default the first column.")
    item: Text | None = optional("The column of item ids; by default the first column.")
    bias: Text | None = optional(
        "The column of biases, or the array of biases in a `.safetensors` file; by default `bias`, if there is one."
    )


class OwnEmbeddings(Section):
    """Embeddings that were trained elsewhere."""

    users: Filled = required(
        "The file of user embeddings: `.parquet`, `.csv`, `.tsv`, `.npy`, `.safetensors`, or `.vec`, `.w2v` or `.txt` "
        "in word2vec's text format."
    )
    items: Filled = required("The file of item embeddings.")
    user_ids: Filled | None = optional(
        "For `.npy` and `.safetensors`: a text file with the user id of each row, one a line."
    )
    item_ids: Filled | None = optional(
        "For `.npy` and `.safetensors`: a text file with the item id of each row, one a line."
    )
    item_bias: Filled | None = optional(
        "A `.npy` file with the bias of each item, in the order of the rows of `items`. Tables and `.safetensors` "
        "files may hold biases themselves (`columns.bias`)."
    )
    columns: EmbeddingColumns | None = optional(
        "The names of columns in tables, where they are not the defaults."
    )
    missing: Literal["error", "drop"] = setting(
        "error",
        "Users and items of the data without an embedding. `error` stops. `drop` removes them and their interactions "
        "from the data set, for all models of the study, so that all are measured on the same users and items. The "
        "complete data are split first, so no interaction changes its part.",
    )
    dataset: Text | None = optional(
        "The data set that the embeddings belong to; needed if the study has several."
    )


def format_of(path: str) -> str | None:
    """Return the format of a file by its ending, a key of `formats.READERS`; None if the ending is unknown."""
    name = path.lower()
    return next((kind for ending, kind in ENDINGS.items() if name.endswith(ending)), None)


def refusal(path: str) -> str | None:
    """Return why a file of embeddings is refused by its name; None if it is not."""
    if path.lower().endswith(PICKLED):
        return (
            f"{path!r} may be pickled, and loading it could run any code: export the arrays as {DOCUMENT} shows, in "
            "a few lines"
        )
    if format_of(path) is None:
        return f"{path!r} has none of the endings {', '.join(ENDINGS)}: {DOCUMENT} shows how to export embeddings"
    return None


def mistakes_of(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (key, message) for the mistakes in an entry that its types do not cover; any key may be missing."""
    for key, ids in (("users", "user_ids"), ("items", "item_ids")):
        path = entry.get(key)
        if path is None:
            continue
        if reason := refusal(path):
            yield key, reason
        elif format_of(path) in WITHOUT_IDS and ids not in entry:
            yield (
                ids,
                f"this key is missing: {path!r} holds no ids, so name a text file with one id a line",
            )
        elif format_of(path) not in WITHOUT_IDS and ids in entry:
            yield ids, f"{path!r} holds the ids itself: leave this key out"
    bias = entry.get("item_bias")
    if bias is not None and format_of(bias) != "npy":
        yield "item_bias", f"{bias!r} is not a .npy file"


def files_of(entry: OwnEmbeddings) -> dict[str, str]:
    """Return the files that an entry names: key -> path."""
    keys = ("users", "items", "user_ids", "item_ids", "item_bias")
    return {key: path for key in keys if (path := getattr(entry, key)) is not None}
