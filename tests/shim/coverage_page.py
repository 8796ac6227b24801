#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/api-coverage.md is what the catalogue makes of it now."""
import argparse
import pathlib
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--api", required=True)
parser.add_argument("--page", type=pathlib.Path, required=True)
args = parser.parse_args()
with tempfile.TemporaryDirectory() as folder:
    fresh = pathlib.Path(folder) / "page.md"
    subprocess.run([sys.executable, f"{args.api}/generate.py", "coverage", str(fresh)], check=True)
    if fresh.read_text() != args.page.read_text():
        sys.exit(f"{args.page.name} is stale: python3 shim/api/generate.py coverage docs/api-coverage.md")
