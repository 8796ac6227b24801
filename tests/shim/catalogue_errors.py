#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Wrong rows of the catalogue stop the build with file and line."""
import argparse
import pathlib
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--api", required=True)
sys.path.insert(0, parser.parse_args().api)
import catalogue  # noqa: E402

DIAGNOSTICS = {"api_graphs": None}
GOOD = "cudaA impl 3020 ptds device -\ncudaB refuse 3020 - api_graphs:800 -\ncudaC alias 3020 - cudaA -\n"
BAD = {
    "too few columns": "cudaA impl 3020 - device\n",
    "unknown kind": "cudaA stub 3020 - device -\n",
    "unknown variant": "cudaA impl 3020 ptxx device -\n",
    "version is no number": "cudaA impl x - device -\n",
    "unknown need": "cudaA impl 3020 - context -\n",
    "unknown diagnostic": "cudaA refuse 3020 - api_nothing -\n",
    "twice": "cudaA impl 3020 - free -\ncudaA impl 3020 - free -\n",
    "variant named again": "cudaA impl 3020 ptds free -\ncudaA_ptds impl 3020 - free -\n",
    "alias of a refusal": "cudaA alias 3020 - cudaB -\ncudaB refuse 3020 - api_graphs -\n",
    "not sorted": "cudaB impl 3020 - free -\ncudaA impl 3020 - free -\n",
}


def read(text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rows.def"
        path.write_text(text)
        return catalogue.read(path, "cudart", DIAGNOSTICS)


rows = read(GOOD)
assert rows[0].names == [("cudaA", False), ("cudaA_ptds", True)] and rows[0].version(True) == 7000
assert rows[1].error == 800 and rows[2].target is rows[0]
failed = []
for what, text in BAD.items():
    try:
        read(text)
        failed.append(what)
    except catalogue.CatalogueError as error:
        if "rows.def" not in str(error):
            failed.append(f"{what}: no place in `{error}`")
if failed:
    sys.exit("accepted: " + "; ".join(failed))
