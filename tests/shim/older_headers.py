#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What libcudart.so.12 takes for its parameters is what the headers of CUDA 12 declare, down to the offset of each field of each structure
that a pointer leads to. Skipped where those headers are not installed."""
import argparse
import pathlib
import re
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--api", type=pathlib.Path, required=True)
parser.add_argument("--newer", nargs="+", required=True, help="folders with the headers of CUDA 13")
parser.add_argument("--older", nargs="*", default=[], help="folders with those of CUDA 12; none: there is nothing to compare")
args = parser.parse_args()
if not args.older:
    print("no headers of CUDA 12")
    sys.exit(77)
sys.path.insert(0, str(args.api))
import catalogue  # noqa: E402
import signatures  # noqa: E402
from clang.cindex import TypeKind  # noqa: E402

OWN = {"DeviceProperties": "cudaDeviceProp", "LaunchParams": "cudaLaunchParams", "SignalParams": "cudaExternalSemaphoreSignalParams_v1",
       "WaitParams": "cudaExternalSemaphoreWaitParams_v1"}
# Fields that CUDA 13 has made of spare bytes, or that no program of CUDA 12 can fill.
ADDED = {"nvlinkUtilCentricScheduling"}


def plain(name):
    """Names without the place of what has none, and ours by their name in the headers."""
    name = re.sub(r"\((unnamed|anonymous) (\w+) at [^)]*\)", r"(\2)", name).removeprefix("const ").removeprefix("cutrans::cudart12::")
    head, colons, rest = name.partition("::")
    return OWN.get(head, head) + colons + rest


def shape(type_, structures, seen=()):
    type_ = type_.get_canonical()
    if type_.kind in (TypeKind.POINTER, TypeKind.LVALUEREFERENCE):
        return "pointer", shape(type_.get_pointee(), structures, seen)
    if type_.kind == TypeKind.CONSTANTARRAY:
        return "array", type_.element_count, shape(type_.element_type, structures, seen)
    if type_.kind == TypeKind.FUNCTIONPROTO:
        return ("function", *(shape(t, structures, seen) for t in (type_.get_result(), *type_.argument_types())))
    if type_.kind != TypeKind.RECORD:
        return type_.spelling.removeprefix("const ")
    name = plain(type_.spelling)
    if name in seen:
        return name
    if name in structures:  # the program's part of a longer structure
        size = structures[name] or type_.get_size()
        fields = [f for f in type_.get_fields() if type_.get_offset(f.spelling) < 8 * size and f.spelling != "reserved"]
    else:
        fields, size = list(type_.get_fields()), type_.get_size()
    described = tuple((f.get_field_offsetof(), "" if "(" in plain(f.type.spelling) else f.spelling, inner(f.type, structures, (*seen, name)))
                      for f in fields if f.spelling not in ADDED)
    return name, size, described


def inner(type_, structures, seen):
    """Of a union without a name in a longer structure only the alternatives that were there count."""
    found = shape(type_, structures, seen)
    outer = seen[-1].partition("::")[0]
    if outer in structures and isinstance(found, tuple) and "::(union)" in str(found[0]):
        return found[0], [f for f in found[2] if f[1] != "reserved" and "reserved" not in str(f)]
    return found


def functions(library, folders, structures):
    found = signatures.cursors(library, [*folders, str(args.api)])
    return {name: [shape(a.type, structures) for a in cursor.get_arguments()] for name, cursor in found.items()}


diagnostics = catalogue.read_diagnostics(args.api.parents[1] / "runtime/support/diagnostics.def")
libraries, structures = catalogue.read_all(args.api, diagnostics)
shorter = structures["cudart12"]
newer, older = functions("cudart12", args.newer, shorter), functions("cudart", args.older, dict.fromkeys(shorter))
wrong, compared, opaque = [], 0, 0
for row in libraries["cudart12"]:
    if row.name not in older:
        opaque += 1  # no header declares it: private, or sharing with graphics
        continue
    own = f"{signatures.OLDER}::{row.name}" if row.older else row.target.name if row.target else row.name
    if own not in newer:
        continue  # refused, and CUDA 13 has nothing of the kind
    compared += 1
    if newer[own] != older[row.name]:
        wrong.append(f"{row.name}\n  here    {newer[own]}\n  CUDA 12 {older[row.name]}")
print(f"{compared} entry points compared, {opaque} that no header of CUDA 12 declares")
if compared < 300:
    wrong.append("the headers were not understood")
sys.exit("\n".join(wrong) if wrong else 0)
