"""pip's environment, and the explanations of its output."""

from pathlib import Path
from typing import Any

import pytest

from install import processes
from install.environment import pip_install


@pytest.mark.parametrize(
    ("output", "words", "harmless", "missing"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "full",
            False,
            False,
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement torch (from versions: 2.1, 2.2)\n"
            "ERROR: No matching distribution found for torch==2.13.0+cpu",
            "no torch==2.13.0+cpu for this Python",
            True,
            True,
        ),
        (
            "ERROR: Cannot install torch==2.13.0+cpu because these package versions have conflicting "
            "dependencies.\nERROR: ResolutionImpossible: for help visit https://pip.example",
            "pip's constraints",
            True,
            True,
        ),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(': Failed to establish a new "
            "connection: [Errno -3] Temporary failure in name resolution')'\n"
            "ERROR: Could not find a version that satisfies the requirement torch (from versions: none)\n"
            "ERROR: No matching distribution found for torch",
            "no network",
            True,
            False,
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement torch (from versions: none)\n"
            "ERROR: No matching distribution found for torch",
            "did not answer, or has no torch",
            True,
            True,
        ),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "checksum",
            True,
            False,
        ),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If ...\n"
            "    torch===2.13.0 from https://index.example/torch.whl (from -r torch.txt (line 9)):\n"
            "        Expected sha256 00\n             Got        11",
            "torch===2.13.0 has the wrong checksum",
            True,
            False,
        ),
        (
            "ERROR: In --require-hashes mode, all requirements must be pinned with ==. These "
            "do not:\n    stranger from https://index.example/stranger.whl (from parts==1.0)",
            "tested lacks stranger",
            True,
            False,
        ),
        ("Connection refused", "did not answer", True, False),
        ("Caused by SSLError(SSLCertVerificationError", "certificate", True, False),
        ("ERROR: HTTP error 403 while getting https://index.example/x", "refused", True, False),
        (
            "x\nERROR: odd, at https://user:secret@index.example/.\nmore",
            "pip failed: ERROR: odd, at https://index.example/.",
            False,
            False,
        ),
        ("", "pip failed: nothing.", False, False),
    ],
)
def test_what_pip_says_becomes_a_sentence(output: str, words: str, harmless: bool, missing: bool) -> None:
    error = pip_install.explain(processes.Outcome(1, output))
    assert words in error.message
    assert (error.harmless, error.missing) == (harmless, missing)
    assert "retouchml-install.log" in error.advice
    assert "\n" not in error.explain()


def test_settings_that_would_lead_pip_elsewhere_are_kept_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str] = {}

    def run(_command: object, _tick: object, environment: dict[str, str]) -> Any:
        seen.update(environment)
        return processes.Outcome(0, "")

    monkeypatch.setattr(pip_install, "VENV", tmp_path)
    monkeypatch.setattr(processes, "run", run)
    for name in ("PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "PYTHONHOME"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    pip_install.install(["torch"], lambda: None)
    assert not {"PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "PYTHONHOME"} & seen.keys()
    assert seen["PIP_USER"] == "0"
    assert seen["PIP_INDEX_URL"] == "https://mirror.example/simple"
    assert Path(seen["TMPDIR"]).parent == tmp_path
    assert list(tmp_path.iterdir()) == []
