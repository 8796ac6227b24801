#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The generator's command line, run by shim/CMakeLists.txt.

  generate.py sources --include DIR... --out DIR    all generated C++ and linker files, one folder for each library
  generate.py coverage FILE                         docs/api-coverage.md
  generate.py list LIBRARY                          the exported names
"""
import argparse
import pathlib
import sys

import catalogue
import coverage
import emit
import signatures

HERE = pathlib.Path(__file__).resolve().parent
LIBRARIES = ("cudart", "cudart12", "cuda")


def write(path, text):
    """Leaves an unchanged file alone, so that nothing is built again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def sources(libraries, structures, include, out):
    for library, rows in libraries.items():
        found, errors = signatures.parse(library, [*include, str(HERE)])
        folder = out / library
        write(folder / "bodies.h", emit.bodies(library, rows, found))
        write(folder / "entries.cpp", emit.entries(library, rows, found, structures.get(library, {})))
        write(folder / "refusals.cpp", emit.refusals(library, rows, found))
        write(folder / "exports.map", emit.exports(library, rows))
        if library != "cudart12":  # its errors are those of cudart, and so are most of its entries
            write(folder / "entry_cases.inc", emit.cases(library, rows, found))
            write(folder / "error_rows.inc", emit.error_rows(library, errors, catalogue.read_error_texts(HERE / "error_text.def")))
            write(folder / "error_text.cpp", emit.error_text(library))
        if library == "cuda":
            write(folder / "lookup.cpp", emit.lookup(library, rows))
        else:
            write(folder / "names.inc", emit.names(library, rows, found))
    (out / "stamp").write_text("")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    p = commands.add_parser("sources")
    p.add_argument("--include", action="append", required=True)
    p.add_argument("--out", type=pathlib.Path, required=True)
    p = commands.add_parser("coverage")
    p.add_argument("file", type=pathlib.Path)
    p = commands.add_parser("list")
    p.add_argument("library", choices=LIBRARIES)
    args = parser.parse_args()

    diagnostics = catalogue.read_diagnostics(HERE.parents[1] / "runtime/support/diagnostics.def")
    libraries, structures = catalogue.read_all(HERE, diagnostics)
    if args.command == "sources":
        sources(libraries, structures, args.include, args.out)
    elif args.command == "coverage":
        write(args.file, coverage.page(libraries, diagnostics))
    else:
        print("\n".join(n for row in libraries[args.library] for n, _ in row.names))


if __name__ == "__main__":
    try:
        main()
    except (catalogue.CatalogueError, RuntimeError) as error:
        sys.exit(f"generate.py: {error}")
