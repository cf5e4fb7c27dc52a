"""Downloads against a real HTTP server on loopback, and the mirror folder."""

import hashlib
import http.server
import logging
import os
import resource
import threading

import pytest

from embrittle.data.download import fetch, file_checksum, parse_checksum, require_checksum
from embrittle.errors import ConfigError, DownloadError

CONTENT = bytes(range(256)) * 40
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()
LOGIN_PAGE = b"\n <!DOCTYPE html><html><body>Please log in</body></html>"


class Server(http.server.ThreadingHTTPServer):
    """Sends `answers` in turn and then repeats the last one; counts the requests."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = [(200, CONTENT, len(CONTENT))]
        self.requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/data/set.zip"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        status, body, length = server.answers[min(server.requests, len(server.answers) - 1)]
        server.requests += 1
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *args):
        pass


def answer(status: int, body: bytes = b"") -> tuple[int, bytes, int]:
    return status, body, len(body)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def destination(tmp_path):
    return tmp_path / "downloads" / "set.zip"


def listing(destination):
    folder = destination.parent
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# --- checksums


def test_git_blob_is_what_git_computes(tmp_path):
    # printf 'what is up, doc?' | git hash-object --stdin (the example of the Git book)
    file = tmp_path / "file"
    file.write_bytes(b"what is up, doc?")
    assert file_checksum(file, "git-blob") == "git-blob:bd9dbf5aae1a3862dd1526723246b20206e5fc37"


@pytest.mark.parametrize("scheme", ["md5", "sha1", "sha256"])
def test_checksums_are_those_of_the_bytes(tmp_path, scheme):
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    assert file_checksum(file, scheme) == f"{scheme}:{hashlib.new(scheme, CONTENT).hexdigest()}"


def test_checksum_digits_may_be_upper_case():
    assert parse_checksum("md5:" + "AB" * 16) == ("md5", "ab" * 16)


@pytest.mark.parametrize("text", ["crc:00", "md5:12", "sha256", "md5:" + "g" * 32])
def test_unknown_checksum_form_is_named(text):
    with pytest.raises(ConfigError, match=r"has an unknown form.*git-blob:<40 hex digits>") as e:
        parse_checksum(text)
    assert repr(text) in str(e.value)


# --- downloads


def test_download_is_verified_and_its_provenance_told(server, destination):
    provenance = fetch(server.url, destination, MD5)
    assert destination.read_bytes() == CONTENT
    assert provenance == {
        "file": "set.zip",
        "source": server.url,
        "checksum": MD5,
        "verified": True,
        "size": 10240,
    }
    assert listing(destination) == ["set.zip"]


def test_unknown_checksum_is_logged(server, destination, caplog):
    with caplog.at_level(logging.WARNING):
        provenance = fetch(server.url, destination, None)
    assert provenance["verified"] is False
    assert provenance["checksum"] == SHA256
    assert "set.zip: the entry states no checksum" in caplog.text


def test_wrong_checksum_is_set_aside_and_an_older_file_kept(server, destination):
    wrong = "md5:" + "0" * 32
    destination.parent.mkdir()
    destination.write_bytes(b"older")
    with pytest.raises(DownloadError, match="wrong checksum") as error:
        fetch(server.url, destination, wrong)
    assert f"expected {wrong}, found {MD5}" in str(error.value)
    assert "set.zip.rejected" in str(error.value)
    assert destination.read_bytes() == b"older"
    assert (destination.parent / "set.zip.rejected").read_bytes() == CONTENT
    assert listing(destination) == ["set.zip", "set.zip.rejected"]


@pytest.mark.parametrize("checksum", [MD5, None])
def test_web_page_in_place_of_the_file(server, destination, checksum):
    server.answers = [answer(200, LOGIN_PAGE)]
    with pytest.raises(DownloadError, match=r"is a web page \(HTML\).*login, consent.*browser"):
        fetch(server.url, destination, checksum)
    assert listing(destination) == ["set.zip.rejected"]


def test_not_found_is_not_tried_again(server, destination):
    server.answers = [answer(404)]
    with pytest.raises(DownloadError, match=r"404 Not Found: the file does not exist.*`url`"):
        fetch(server.url, destination, MD5, backoff=0.01)
    assert server.requests == 1
    assert listing(destination) == []


def test_refusal_is_not_tried_again(server, destination):
    server.answers = [answer(403)]
    with pytest.raises(
        DownloadError, match="403 Forbidden: the server refuses the file, or download"
    ):
        fetch(server.url, destination, MD5, backoff=0.01)
    assert server.requests == 1


def test_server_errors_are_tried_again(server, destination):
    server.answers = [answer(500), answer(503), answer(200, CONTENT)]
    assert fetch(server.url, destination, MD5, backoff=0.01)["size"] == 10240
    assert server.requests == 3


def test_lasting_server_error(server, destination):
    server.answers = [answer(500)]
    with pytest.raises(DownloadError, match=r"500 Internal Server Error: .* all of 3 attempts"):
        fetch(server.url, destination, MD5, attempts=3, backoff=0.01)
    assert server.requests == 3
    assert listing(destination) == []


def test_broken_connection_is_tried_again(server, destination, caplog):
    server.answers = [(200, CONTENT[:100], len(CONTENT)), answer(200, CONTENT)]
    fetch(server.url, destination, MD5, backoff=0.01)
    assert destination.read_bytes() == CONTENT
    assert server.requests == 2
    assert "set.zip: attempt 1 of 5" in caplog.text


def test_connection_that_always_breaks_leaves_nothing(server, destination):
    server.answers = [(200, CONTENT[:100], len(CONTENT))]
    with pytest.raises(DownloadError, match=r"broke off in all 2 attempts \(.*100 bytes") as error:
        fetch(server.url, destination, MD5, attempts=2, backoff=0.01)
    assert "10140 more expected" in str(error.value)
    assert server.requests == 2
    assert listing(destination) == []


def test_body_without_length(server, destination):
    server.answers = [(200, CONTENT, None)]
    assert fetch(server.url, destination, MD5)["size"] == 10240


def test_no_connection(destination, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as closed:
        url = closed.url
    with pytest.raises(DownloadError, match=r"no connection to .* in 2 attempts \(.*refused\)"):
        fetch(url, destination, MD5, attempts=2, backoff=0.01)
    assert listing(destination) == []


def test_not_a_web_address(destination):
    with pytest.raises(DownloadError, match="cannot be requested"):
        fetch("ftp://example.org/set.zip", destination, MD5)


def test_interruption_leaves_nothing(server, destination, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch(server.url, destination, MD5)
    assert listing(destination) == []


def test_full_disk_leaves_nothing(server, destination):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(
            DownloadError, match=r"set.zip could not be stored in .*free disk space"
        ):
            fetch(server.url, destination, MD5, backoff=0.01)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert listing(destination) == []
    assert server.requests == 1


# --- the mirror


@pytest.fixture
def mirror(tmp_path):
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "set.zip").write_bytes(CONTENT)
    return folder


def test_mirror_takes_the_place_of_the_web(mirror, destination):
    provenance = fetch("http://127.0.0.1:9/no", destination, MD5, mirror_folder=mirror)
    assert destination.read_bytes() == CONTENT
    assert provenance["source"] == "mirror"
    assert provenance["mirror_folder"] == str(mirror)
    assert provenance["checksum"] == MD5


def test_wrong_file_in_the_mirror_says_how_to_accept_it(mirror, destination):
    with pytest.raises(DownloadError, match="wrong checksum") as error:
        fetch("http://127.0.0.1:9/no", destination, "md5:" + "0" * 32, mirror_folder=mirror)
    assert f'`mirror: checksums: {{set.zip: "{SHA256}"}}`' in str(error.value)
    assert listing(destination) == ["set.zip.rejected"]
    assert (mirror / "set.zip").read_bytes() == CONTENT


def test_missing_mirror_file_names_folder_and_file(mirror, tmp_path):
    with pytest.raises(DownloadError) as error:
        fetch("http://127.0.0.1:9/no", tmp_path / "other.zip", MD5, mirror_folder=mirror)
    assert f"the mirror folder {mirror} has no file other.zip" in str(error.value)


def test_a_file_that_is_already_there_is_held_against_its_checksum(tmp_path):
    path = tmp_path / "set.zip"
    path.write_bytes(CONTENT)
    require_checksum(path, MD5)
    require_checksum(path, SHA256.upper().replace("SHA256", "sha256"))
    with pytest.raises(
        DownloadError, match=r"set\.zip has the wrong checksum: expected md5:0+, found md5:"
    ):
        require_checksum(path, "md5:" + "0" * 32)
    assert path.read_bytes() == CONTENT
