#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The `test` column of the catalogue: each name is a suite or script of this folder, and every driver body has one."""
import argparse
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("--api", type=pathlib.Path, required=True)
args = parser.parse_args()
sys.path.insert(0, str(args.api))
import catalogue  # noqa: E402

known = {f"shim.{path.stem}" for path in HERE.glob("*.py")}
for path in HERE.rglob("*.cpp"):
    known |= set(re.findall(r"^TEST(?:_[FP])?\((\w+),", path.read_text(), re.M))
diagnostics = catalogue.read_diagnostics(args.api.parents[1] / "runtime/support/diagnostics.def")
wrong = []
for library in ("cudart", "cuda"):
    for row in catalogue.read(args.api / f"{library}.def", library, diagnostics):
        if row.test and row.test not in known:
            wrong.append(f"{row.place}: no suite is named {row.test}")
        if row.kind == "impl" and not row.test and library == "cuda":
            wrong.append(f"{row.place}: {row.name} has a body and no test")
sys.exit("\n".join(wrong) if wrong else 0)
