# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/api-coverage.md: what the catalogue says, for people."""

TITLE = {"cudart": "Runtime API (`libcudart.so.13`)", "cuda": "Driver API (`libcuda.so.1`)",
         "cudart12": "Runtime API of CUDA 12 (`libcudart.so.12`)"}


def page(libraries, diagnostics):
    out = ["# What there is of the CUDA API\n\n",
           "Generated from `shim/api/*.def` by `shim/api/generate.py coverage`; a test compares. Every name of CUDA 13.0 is exported, and every name of the "
           "runtime of CUDA 12.9. What is not implemented\nreturns a CUDA error (801, not supported, unless noted) and prints one line with the code below, once.\n"]
    for library, rows in libraries.items():
        have = [r for r in rows if r.kind != "refuse"]
        count = lambda rs: sum(len(r.names) for r in rs)
        out.append(f"\n## {TITLE[library]}: {count(have)} of {count(rows)} names\n\n")
        if library == "cudart12":  # the others are listed above
            out.append("Listed is what differs from `libcudart.so.13`; the rest is as there, down to the refusals.\n\n")
            rows = [r for r in rows if "cudart12.def" in r.place]
        out.append("| name | since | test |\n|---|---|---|\n")
        for row in (r for r in rows if r.kind != "refuse"):
            alias = f" (as `{row.what}`)" if row.target and row.what != row.name and row.kind != "impl" else ""
            out.append(f"| {variants(row)}{alias} | {version(row.since)} | {row.test} |\n")
        out.append("\nRefused:\n\n| code | names | why | way round |\n|---|---|---|---|\n")
        groups = {}
        for row in rows:
            if row.kind == "refuse":
                groups.setdefault(row.diag, []).append(row)
        for name, members in sorted(groups.items(), key=lambda g: diagnostics[g[0]].number):
            d = diagnostics[name]
            listed = ", ".join(variants(r) + (f" ({r.error})" if r.error else "") for r in members)
            out.append(f"| CT{d.number} | {listed} | {d.meaning} | {d.way_round} |\n")
    return "".join(out)


def variants(row):
    return f"`{row.name}`" + (f" (+`_{row.pt}`)" if row.pt else "")


def version(number):
    return f"{number // 1000}.{number % 1000 // 10}"
