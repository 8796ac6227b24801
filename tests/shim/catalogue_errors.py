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
GOOD = "cudaA impl 3020 ptds device+unsafe+raw -\ncudaB refuse 3020 - api_graphs:800 -\ncudaC alias 3020 - cudaA -\n"
BAD = {
    "too few columns": "cudaA impl 3020 - device\n",
    "unknown kind": "cudaA stub 3020 - device -\n",
    "unknown variant": "cudaA impl 3020 ptxx device -\n",
    "version is no number": "cudaA impl x - device -\n",
    "unknown need": "cudaA impl 3020 - context -\n",
    "unknown flag": "cudaA impl 3020 - device+new -\n",
    "unsafe without a runtime": "cudaA impl 3020 - free+unsafe -\n",
    "unknown diagnostic": "cudaA refuse 3020 - api_nothing -\n",
    "twice": "cudaA impl 3020 - free -\ncudaA impl 3020 - free -\n",
    "variant named again": "cudaA impl 3020 ptds free -\ncudaA_ptds impl 3020 - free -\n",
    "alias of a refusal": "cudaA alias 3020 - cudaB -\ncudaB refuse 3020 - api_graphs -\n",
    "not sorted": "cudaB impl 3020 - free -\ncudaA impl 3020 - free -\n",
}


# Rows of cudart12.def, on top of GOOD.
OLDER = "S shorter 12000 - 24 -\ncudaA adapt 3020 ptds cudaA(nullptr,x) -\ncudaA_v2 alias 12020 - cudaA -\ncudaB_v2 alias 12030 - cudaB -\n"
BAD_OLDER = {
    "alias of nothing": "cudaD alias 3020 - cudaX -\n",
    "adapted without a call": "cudaD adapt 3020 - cudaA -\n",
    "alias with a call": "cudaD alias 3020 - cudaA(x) -\n",
    "size is no number": "S shorter 12000 - long -\n",
    "older twice": "cudaD alias 3020 - cudaA -\ncudaD alias 3020 - cudaA -\n",
}


def read(text, reader=lambda path: catalogue.read(path, "cudart", DIAGNOSTICS)):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rows.def"
        path.write_text(text)
        return reader(path)


def read_older(text):
    newer = read(GOOD + "cudaZ impl 13000 - device -\n")
    return read(text, lambda path: catalogue.read_older(path, newer, DIAGNOSTICS))


rows = read(GOOD)
assert rows[0].names == [("cudaA", False), ("cudaA_ptds", True)] and rows[0].version(True) == 7000
assert rows[1].error == 800 and rows[2].target is rows[0] and rows[2].unsafe and rows[2].raw
older, structures = read_older(OLDER)
by_name = {row.name: row for row in older}
assert structures == {"S": 24} and sorted(by_name) == ["cudaA", "cudaA_v2", "cudaB", "cudaB_v2", "cudaC"]
assert by_name["cudaA"].arguments == "nullptr,x" and by_name["cudaA"].needs == "device"
assert by_name["cudaB_v2"].kind == "refuse" and by_name["cudaB_v2"].error == 800  # as its counterpart
assert by_name["cudaC"].target.name == "cudaA"
failed = []
for what, text, reader in [(w, t, read) for w, t in BAD.items()] + [(w, t, read_older) for w, t in BAD_OLDER.items()]:
    try:
        reader(text)
        failed.append(what)
    except catalogue.CatalogueError as error:
        if "rows.def" not in str(error):
            failed.append(f"{what}: no place in `{error}`")
if failed:
    sys.exit("accepted: " + "; ".join(failed))
