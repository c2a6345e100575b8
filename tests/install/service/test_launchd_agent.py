"""launchd's property list: environment, restarts and rights."""

import plistlib

from install.service.launchd_agent import LaunchdAgent
from install.service.plan import Service


def test_the_agent_has_its_own_environment_restarts_after_a_crash_and_keeps_its_files_private(
    service: Service,
) -> None:
    agent = plistlib.loads(LaunchdAgent().content(service))
    words = agent["ProgramArguments"]
    start = words.index(str(service.python))
    assert words[0] == "/usr/bin/env"
    assert words[start + 1 :] == ["-m", "daemon", "--service"]
    unset = words[1:start]
    assert set(unset[0::2]) == {"-u"}
    assert {"PYTHONHOME", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} <= set(unset[1::2])
    assert agent["EnvironmentVariables"] == service.environment
    assert agent["RunAtLoad"] is True
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["Umask"] == 0o077
