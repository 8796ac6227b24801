#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""cuGetProcAddress against cudaTypedefs.h: for each function type PFN_<name>_v<version>[_ptds|_ptsz] that version and mode
must lead to the export in the same place of the ascending order. Skipped where that header is not installed."""
import argparse
import collections
import ctypes
import pathlib
import re
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--api", required=True)
parser.add_argument("--file", required=True)
parser.add_argument("--include", required=True)
args = parser.parse_args()

text = ""
for folder in args.include.split(";"):
    for name in ("cudaTypedefs.h", "cudaProfilerTypedefs.h"):
        path = pathlib.Path(folder) / name
        text += path.read_text() if path.exists() else ""
if not text:
    sys.exit(77)

listed = subprocess.run([sys.executable, f"{args.api}/generate.py", "list", "cuda"], check=True, capture_output=True,
                        text=True).stdout.split()
versions = collections.defaultdict(set)
for m in re.finditer(r"\*PFN_(cu\w+?)_v(\d+)(_pt[ds][sz])?\)", text):
    versions[m.group(1), m.group(3) or ""].add(int(m.group(2)))

driver = ctypes.CDLL(args.file)
get = driver.cuGetProcAddress_v2


def look_up(name, version, flags):
    pointer, status = ctypes.c_void_p(), ctypes.c_int(-1)
    error = get(name.encode(), ctypes.byref(pointer), ctypes.c_int(version), ctypes.c_uint64(flags), ctypes.byref(status))
    return error, pointer.value, status.value


wrong, pairs = [], 0
for (name, suffix), found in versions.items():
    exports = [n for n in listed if re.fullmatch(re.escape(name) + r"(_v\d+)?" + suffix, n)]
    exports.sort(key=lambda n: int((re.search(r"_v(\d+)", n) or [0, 1])[1]))
    for export, version in zip(exports, sorted(found)):
        pairs += 1
        want = ctypes.cast(getattr(driver, export), ctypes.c_void_p).value
        if look_up(name, version, 2 if suffix else 0) != (0, want, 0):
            wrong.append(f"{name} {version}{suffix} is not {export}")
        first = min(found) - 10
        if not suffix and first > 0 and look_up(name, first, 1) != (0, None, 2):
            wrong.append(f"{name} is there before {min(found)}")
if look_up("cuNothing", 13000, 0) != (0, None, 1):
    wrong.append("an unknown name is found")
if look_up("cuMemAlloc", 99990, 0)[0] != 1 or look_up("cuMemAlloc", 13000, 8)[0] != 1:
    wrong.append("a version or mode that is not there is taken")
if get(None, None, 0, ctypes.c_uint64(0), None) != 1:
    wrong.append("null pointers are taken")
print(f"{pairs} pairs")
if pairs < 500:
    wrong.append("the header was not understood")
sys.exit("\n".join(wrong[:20]) if wrong else 0)
