#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The names and version tags that a library exports are those of the catalogue, no more and no fewer; and where a CUDA
toolkit is installed, or the wheel with the runtime of CUDA 12, those of NVIDIA's own library (its names are only read,
by nm)."""
import argparse
import pathlib
import subprocess
import sys

REFERENCE = {"cudart": ("targets/x86_64-linux/lib/libcudart.so.13", "lib64/libcudart.so.13"),
             "cudart12": ("lib/libcudart.so.12", "lib64/libcudart.so.12"),
             "cuda": ("targets/x86_64-linux/lib/stubs/libcuda.so", "lib64/stubs/libcuda.so")}
TAG = {"cudart": "libcudart.so.13", "cudart12": "libcudart.so.12", "cuda": ""}
COUNT = {"cudart": 422, "cudart12": 435, "cuda": 637}


def exported(path, dynamic=True):
    """name -> version tag ("" without)."""
    text = subprocess.run(["nm", *(["-D"] if dynamic else []), "--defined-only", path], check=True, capture_output=True,
                          text=True).stdout
    found = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[1] == "T":
            name, _, version = fields[2].partition("@")
            found[name] = version.lstrip("@")
    return found


def difference(what, ours, theirs):
    missing, extra = sorted(set(theirs) - set(ours)), sorted(set(ours) - set(theirs))
    for text, names in (("missing", missing), ("too many", extra)):
        if names:
            print(f"{what}: {len(names)} {text}: {', '.join(names[:20])}")
    tags = [n for n in ours if n in theirs and ours[n] != theirs[n]]
    if tags:
        print(f"{what}: version of {tags[0]} is `{ours[tags[0]]}`, not `{theirs[tags[0]]}` (and {len(tags) - 1} more)")
    return bool(missing or extra or tags)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--api", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--file", required=True)
    parser.add_argument("--static", action="store_true")
    parser.add_argument("--toolkit", type=pathlib.Path, default="/usr/local/cuda")
    args = parser.parse_args()
    listed = subprocess.run([sys.executable, f"{args.api}/generate.py", "list", args.library], check=True,
                            capture_output=True, text=True).stdout.split()
    tag = "" if args.static else TAG[args.library]
    ours = exported(args.file, dynamic=not args.static)
    if args.static:
        ours.pop("cutrans_static_resolve", None)
    bad = len(listed) != COUNT[args.library]
    if bad:
        print(f"the catalogue lists {len(listed)} names")
    bad |= difference("catalogue", ours, dict.fromkeys(listed, tag))
    for candidate in REFERENCE[args.library]:
        if (args.toolkit / candidate).exists() and not args.static:
            bad |= difference("toolkit", ours, exported(str(args.toolkit / candidate)))
            break
    return bad


if __name__ == "__main__":
    sys.exit(main())
