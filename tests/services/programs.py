"""Where the real servers' programs are, and what happens to a test when one is missing."""

import os
import shutil

import pytest

# Debian keeps servers in /usr/sbin, which an ordinary user's PATH often lacks.
SERVER_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")


def find_program(name: str, package: str) -> str:
    """The program's path; without it the test is skipped on a desk and fails in CI.

    In CI a skipped test would look like a promise that was checked.
    """
    search_path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SERVER_FOLDERS])
    path = shutil.which(name, path=search_path)
    if path is not None:
        return path
    sentence = f"{name} is not installed: `bash tests/services/install.sh` installs {package}."
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def tied_to_this_process(command: list[str]) -> list[str]:
    """The command, arranged so that the kernel kills it when the test process dies, and so that
    Ctrl-C means to it what it means in a terminal.

    Fixtures stop their servers, but a test run that is itself killed (-9, out of memory) gets no
    chance to. `setpriv` (util-linux) asks the kernel for a SIGKILL at the parent's death
    (PR_SET_PDEATHSIG) and then becomes the command, so the process id stays the same. It does in a
    fresh process what a `preexec_fn` would do in a fork of ours, where other threads' locks are
    held for ever. Two things to know: the parent is the *thread* that started the child, so
    servers are started from the main thread; and a server that changes its user loses the request,
    so ours are told to stay who they are.

    A test run that a script has put into the background ignores SIGINT (POSIX shells arrange that),
    and so would all that it starts: `env` puts the signal back.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return command
    return [setpriv, "--pdeathsig", "KILL", "--", "env", "--default-signal=INT", *command]
