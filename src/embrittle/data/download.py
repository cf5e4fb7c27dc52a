"""Fetching source files from the web or a local mirror, with verified checksums.

A file appears under its final name only once it is complete and its checksum matches (docs/data.md).
"""

import hashlib
import logging
import os
import re
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3.util import Retry

from embrittle.errors import ConfigError, DownloadError
from embrittle.files import written_atomically

logger = logging.getLogger(__name__)

CHUNK_SIZE = 1 << 18
DIGEST_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64, "git-blob": 40}
# HTTP status codes worth another attempt: rate limits and server errors, but not 404 or a refusal.
TRANSIENT_STATUS = (429, 500, 502, 503, 504)
# The response body ended early, or the connection broke while the body was being read.
BROKEN_BODY = (
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ConnectionError,
    requests.exceptions.ContentDecodingError,
)
MIRROR_ADVICE = (
    "download the file by other means into a folder, and name that folder in `mirror: folder:`"
)


def parse_checksum(checksum: str) -> tuple[str, str]:
    """Split "scheme:digits" into the scheme and the digits in lower case.

    Raises:
        ConfigError: the scheme is unknown, or the digits have the wrong number or are not hexadecimal.
    """
    scheme, _, digits = checksum.partition(":")
    digits = digits.strip().lower()
    length = DIGEST_LENGTHS.get(scheme)
    if length is None or not re.fullmatch(f"[0-9a-f]{{{length}}}", digits):
        forms = ", ".join(f"{name}:<{n} hex digits>" for name, n in DIGEST_LENGTHS.items())
        raise ConfigError(f"the checksum {checksum!r} has an unknown form; write one of {forms}")
    return scheme, digits


def file_checksum(path: str | os.PathLike, scheme: str) -> str:
    """Return the checksum of a file as "scheme:digits".

    The scheme "git-blob" is Git's object id: the SHA-1 of the header `blob <size>\\0` followed by the file.
    """
    starts: dict[str, Callable[[], Any]] = {
        "md5": partial(hashlib.md5, usedforsecurity=False),
        "sha1": partial(hashlib.sha1, usedforsecurity=False),
        "sha256": hashlib.sha256,
        "git-blob": lambda: hashlib.sha1(
            b"blob %d\0" % os.path.getsize(path), usedforsecurity=False
        ),
    }
    with open(path, "rb") as file:
        return f"{scheme}:{hashlib.file_digest(file, starts[scheme]).hexdigest()}"


def fetch(
    url: str,
    destination: str | os.PathLike,
    checksum: str | None,
    *,
    mirror_folder: str | os.PathLike | None = None,
    attempts: int = 5,
    backoff: float = 1.0,
    timeout: float = 60.0,
) -> dict[str, Any]:
    """Download a source file, or copy it from a mirror folder, and verify its checksum.

    Args:
        url: where the file is published.
        destination: path to write. The file is expected under the same name in the mirror folder.
        checksum: "md5:", "sha1:", "sha256:" or "git-blob:" followed by hex digits; None if the checksum is unknown
            (the file is then accepted unverified, with a warning).
        mirror_folder: folder to copy from; nothing is downloaded if given.
        attempts: number of download attempts.
        backoff: seconds to wait before the second attempt; doubled before each further attempt.
        timeout: seconds without a response after which an attempt fails.

    Returns:
        The file's provenance: `file` (name), `source` ("mirror" or the URL), `mirror_folder` (as
        given, only with a mirror), `checksum` (of the file), `verified` (bool), `size` (bytes).

    Raises:
        DownloadError: the file or the server cannot be reached, the file cannot be stored, or its content is wrong.
            A file with the wrong content is kept as `<name>.rejected`, and `destination` is not written.
        ConfigError: the checksum has an unknown form.
    """
    destination = Path(destination)
    from_mirror = mirror_folder is not None
    scheme = parse_checksum(checksum)[0] if checksum else "sha256"
    provenance: dict[str, Any] = {"file": destination.name, "source": url}
    if from_mirror:
        provenance |= {"source": "mirror", "mirror_folder": os.fspath(mirror_folder)}
    origin = f"mirror folder {mirror_folder}" if from_mirror else url
    try:
        with written_atomically(destination) as temporary:
            if from_mirror:
                _copy(Path(mirror_folder) / destination.name, temporary)
            else:
                _download(url, temporary, destination.name, attempts, backoff, timeout)
            found = _verify(temporary, destination, checksum, scheme, origin, from_mirror)
            size = temporary.stat().st_size
    except OSError as error:
        reason = error.strerror or str(error)
        raise DownloadError(
            f"{destination.name} could not be stored in {destination.parent}: {reason}. "
            "Check free disk space and permissions. No partial file is left"
        ) from error
    logger.info("%s: %d bytes from %s", destination.name, size, origin)
    return provenance | {"checksum": found, "verified": checksum is not None, "size": size}


def require_checksum(path: str | os.PathLike, checksum: str) -> None:
    """Check a file that was fetched earlier.

    Raises:
        DownloadError: the file's checksum differs from `checksum`.
    """
    scheme, digits = parse_checksum(checksum)
    found = file_checksum(path, scheme)
    if found != f"{scheme}:{digits}":
        raise DownloadError(
            f"{path} has the wrong checksum: expected {checksum}, found {found}. Delete the file, so that it is "
            "fetched again. If it came from a mirror with `mirror: checksums:`, set the same mirror in this study"
        )


def _copy(source: Path, temporary: Path) -> None:
    """Copy the mirror's file."""
    if not source.is_file():
        raise DownloadError(
            f"the mirror folder {source.parent} has no file {source.name}: put the file there, "
            "or set `mirror: folder: null` to download it"
        )
    try:
        file = open(source, "rb")  # noqa: SIM115  opened separately, to tell read errors from write errors
    except OSError as error:
        raise DownloadError(
            f"{source.name} in the mirror folder {source.parent} cannot be read: {error.strerror}"
        ) from error
    with file, open(temporary, "wb") as copy:
        shutil.copyfileobj(file, copy, CHUNK_SIZE)


def _download(
    url: str, temporary: Path, name: str, attempts: int, backoff: float, timeout: float
) -> None:
    """Download `url`; retry with back-off after transient status codes and broken connections."""
    retry = Retry(
        total=attempts - 1,
        backoff_factor=backoff,
        status_forcelist=TRANSIENT_STATUS,
        allowed_methods=["GET"],
        raise_on_status=False,
    )
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        for attempt in range(1, attempts + 1):
            with _open(session, url, name, attempts, timeout) as response:
                problem = _store_body(response, temporary, name)
            if problem is None:
                return
            logger.warning("%s: attempt %d of %d: %s", name, attempt, attempts, problem)
            if attempt < attempts:
                time.sleep(backoff * 2 ** (attempt - 1))
    raise DownloadError(
        f"{name}: the download from {url} broke off in all {attempts} attempts ({problem}): "
        f"try again later, or {MIRROR_ADVICE}"
    )


def _open(
    session: requests.Session, url: str, name: str, attempts: int, timeout: float
) -> requests.Response:
    """Send the request and return the response with its body unread; raise DownloadError for an error status."""
    try:
        # With "identity" the Content-Length is the length of the file, which reveals a truncated body.
        response = session.get(
            url, stream=True, timeout=timeout, headers={"Accept-Encoding": "identity"}
        )
    except requests.exceptions.ConnectionError as error:
        raise DownloadError(
            f"{name}: no connection to {url} in {attempts} attempts ({_root_cause(error)}): "
            f"check the network (or the proxy), or {MIRROR_ADVICE}"
        ) from error
    except requests.RequestException as error:
        raise DownloadError(f"{name}: {url} cannot be requested: {error}") from error
    if response.ok:
        return response
    response.close()
    status = f"{response.status_code} {response.reason}".strip()
    if response.status_code in (404, 410):
        advice = "the file does not exist (any more); correct the `url` in the data set's entry"
    elif response.status_code in TRANSIENT_STATUS:
        advice = f"the server failed in all of {attempts} attempts; try again later"
    else:
        advice = "the server refuses the file"
    raise DownloadError(f"{name}: {url} answers {status}: {advice}, or {MIRROR_ADVICE}")


def _root_cause(error: BaseException) -> str:
    """Return the innermost, most specific message of a nested connection error."""
    while True:
        inner = getattr(error, "reason", None) or (error.args[-1] if error.args else None)
        if not isinstance(inner, BaseException):
            return str(error).rpartition(": ")[2]
        error = inner


def _store_body(response: requests.Response, temporary: Path, name: str) -> str | None:
    """Write the body to `temporary`; return a description of a broken transfer, or None on success."""
    length = response.headers.get("Content-Length")
    encoded = "Content-Encoding" in response.headers
    expected = int(length) if length and length.isdigit() and not encoded else None
    written = 0
    # disable=None shows a progress bar on a terminal, but not in a log file.
    bar = tqdm(total=expected, desc=name, unit="B", unit_scale=True, disable=None)
    chunks = response.iter_content(CHUNK_SIZE)
    with bar, open(temporary, "wb") as file:
        while True:
            # Only reading is inside the try: requests' errors are OSErrors, and so is a full disk while writing.
            try:
                chunk = next(chunks, None)
            except BROKEN_BODY as error:
                return f"connection broken after {written} bytes: {_root_cause(error)}"
            if chunk is None:
                break
            file.write(chunk)
            written += len(chunk)
            bar.update(len(chunk))
    if expected is not None and written != expected:
        return f"{written} of {expected} bytes arrived"
    return None


def _verify(
    temporary: Path,
    destination: Path,
    expected: str | None,
    scheme: str,
    origin: str,
    from_mirror: bool,
) -> str:
    """Return the checksum of `temporary`; on a wrong checksum keep the file as `.rejected` and raise DownloadError."""
    found = file_checksum(temporary, scheme)
    name = destination.name
    if expected and found == ":".join(parse_checksum(expected)):
        return found
    web_page = _is_web_page(temporary, destination)
    if expected is None and not web_page:
        logger.warning("%s: the entry states no checksum; accepted unverified (%s)", name, found)
        return found
    sha256 = file_checksum(temporary, "sha256")
    rejected = destination.with_name(f"{name}.rejected")
    os.replace(temporary, rejected)
    if web_page:
        raise DownloadError(
            f"{name} from {origin} is a web page (HTML), not the file: probably a login, consent "
            f"or error page. The page was kept as {rejected}. Open {origin} in a browser, or "
            f"{MIRROR_ADVICE}"
        )
    advice = "Try again. If the error persists, the published file has changed or is damaged"
    if from_mirror:
        advice = (
            "To use this copy nevertheless, accept its checksum with "
            f'`mirror: checksums: {{{name}: "{sha256}"}}`'
        )
    raise DownloadError(
        f"{name} from {origin} has the wrong checksum: expected {expected}, found {found}. "
        f"The file was kept as {rejected} and is not used. {advice}"
    )


def _is_web_page(path: Path, destination: Path) -> bool:
    """Return whether the file starts like HTML although its name has another ending."""
    if destination.suffix.lower() in (".html", ".htm"):
        return False
    with open(path, "rb") as file:
        start = file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))
