#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A `yes` of the coverage page has tests: each impl row names a suite or script of this folder that calls the entry point,
and is in the list that the generated tests (entries/) run through."""
import argparse
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
# Called by what nvcc writes into a program, so that the sources of a test need not name them.
WRITTEN_BY_NVCC = "__cuda"
parser = argparse.ArgumentParser()
parser.add_argument("--api", type=pathlib.Path, required=True)
parser.add_argument("--generated", type=pathlib.Path, required=True, help="the generator's folder, with entry_cases.inc of each library")
args = parser.parse_args()
sys.path.insert(0, str(args.api))
import catalogue  # noqa: E402

# Suite or script -> the text of its files.
known = {f"shim.{path.stem}": path.read_text() for path in HERE.glob("*.py")}
headers = "".join(path.read_text() for path in HERE.rglob("*.h"))
headers = re.sub(r"\bAPI\((\w+)\)", r"cuda\1 cu\1", headers)  # cases that are compiled for both APIs
for path in HERE.rglob("*.cpp"):
    text = path.read_text()
    for suite in set(re.findall(r"^TEST(?:_[FP])?\((\w+),", text, re.M)):
        known[suite] = known.get(suite, headers) + text
    if '#include "graph_cases.h"' in text or '#include "../graph_cases.h"' in text:
        for suite in set(re.findall(r"^GRAPH_CASE\((\w+),", headers, re.M)):
            name = f"Driver{suite}" if path.name.startswith("driver_") else suite
            known[name] = known.get(name, headers) + text
diagnostics = catalogue.read_diagnostics(args.api.parents[1] / "runtime/support/diagnostics.def")
wrong = []
libraries, _ = catalogue.read_all(args.api, diagnostics)
for library, rows in libraries.items():
    cases = set(re.findall(r"^CT_ENTRY_CASE\((\w+),", (args.generated / library / "entry_cases.inc").read_text(), re.M)) if library != "cudart12" else None
    for row in rows:
        if library == "cudart12" and "cudart12.def" not in row.place:
            continue  # as in cudart.def
        if row.test and row.test not in known:
            wrong.append(f"{row.place}: no suite is named {row.test}")
        if row.kind != "impl":
            continue
        if not row.test:
            wrong.append(f"{row.place}: {row.name} has a body and no test")
        elif row.test in known and not row.name.startswith(WRITTEN_BY_NVCC) and not re.search(rf"\b{row.lookup_name}(_v\d)?\b", known[row.test]):
            wrong.append(f"{row.place}: the suite {row.test} does not call {row.name}")
        wrong += [f"{row.place}: no generated test runs {name}" for name, _ in row.names if cases is not None and name not in cases]
sys.exit("\n".join(wrong) if wrong else 0)
