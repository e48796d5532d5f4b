"""Runs ``heritage`` in the process of the tests, so that imports and encoders are paid for once."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def run_heritage(*arguments: str, folder: Path, environment: Mapping[str, str]) -> Done:
    """Run a command in ``folder``; variables beside ``environment`` stay as they are."""
    from heritage_assets.cli import main

    stdout, stderr, status = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.dict(os.environ, {"COLUMNS": "160", **environment}),
        mock.patch.object(sys, "argv", ["heritage", *arguments]),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        try:
            main()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except Exception:  # what a process would print before it dies
            traceback.print_exc(file=stderr)
            status = 1
    return Done(status, stdout.getvalue(), stderr.getvalue())
