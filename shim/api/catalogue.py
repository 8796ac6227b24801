# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads the catalogue: the rows of cudart.def and cuda.def, checked, the diagnostics that they name, and what cudart12.def
says is different in the runtime of CUDA 12.

A mistake in a row stops the build here, with file and line, and not later in generated code."""
import dataclasses
import pathlib
import re

KINDS = ("impl", "alias", "refuse")
OLDER_KINDS = ("impl", "alias", "refuse", "adapt", "shorter")
NEEDS = {"cudart": ("free", "init", "device"), "cuda": ("free", "init", "context")}
NEWEST_12 = 12090


class CatalogueError(Exception):
    pass


@dataclasses.dataclass
class Row:
    name: str
    kind: str
    since: int
    pt: str  # "ptsz", "ptds" or ""
    what: str
    test: str
    place: str
    needs: str = ""
    raw: bool = False
    unsafe: bool = False
    diag: str = ""
    error: int | None = None
    target: "Row | None" = None  # the row whose body serves this one
    arguments: str | None = None  # adapt: with what the target's body is called
    older: bool = False  # a form of CUDA 12 only, declared in cudart12.h

    @property
    def names(self):
        """The exported symbols of the row, each with whether it means the per-thread default stream."""
        return [(self.name, False)] + ([(f"{self.name}_{self.pt}", True)] if self.pt else [])

    @property
    def lookup_name(self):
        """The name without the suffix that tells its versions apart."""
        return re.sub(r"_v\d+$", "", self.name)

    def version(self, per_thread):
        """The first version of the symbol: per-thread variants came with CUDA 7.0."""
        return max(self.since, 7000) if per_thread else self.since


@dataclasses.dataclass
class Diagnostic:
    name: str
    number: int
    meaning: str
    way_round: str


def read_diagnostics(path):
    found = {}
    pattern = r'CT_DIAGNOSTIC\(\s*(\w+),\s*(\d+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)'
    for m in re.finditer(pattern, pathlib.Path(path).read_text()):
        text = ["".join(re.findall(r'"((?:[^"\\]|\\.)*)"', part)) for part in m.group(3, 4)]
        found[m.group(1)] = Diagnostic(m.group(1), int(m.group(2)), *text)
    return found


def read_error_texts(path):
    """Rows `number text`: the errors whose name in words would not tell a user enough."""
    lines = (line.split("#")[0].strip() for line in pathlib.Path(path).read_text().splitlines())
    return {int(number): text for number, _, text in (line.partition(" ") for line in lines if line)}


def read_rows(path, library, diagnostics, kinds=KINDS):
    rows = []
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        place = f"{path}:{number}"
        fields = line.split()
        if len(fields) != 6:
            raise CatalogueError(f"{place}: a row has 6 columns, this one {len(fields)}")
        name, kind, since, pt, what, test = fields
        if kind not in kinds or pt not in ("ptsz", "ptds", "-") or not since.isdigit():
            raise CatalogueError(f"{place}: kind, since or pt cannot be read")
        row = Row(name, kind, int(since), pt.replace("-", ""), what, test.replace("-", ""), place)
        if kind == "impl":
            row.needs, *flags = what.split("+")
            row.raw, row.unsafe = "raw" in flags, "unsafe" in flags
            if row.needs not in NEEDS[library] or not set(flags) <= {"raw", "unsafe"} or (row.unsafe and row.needs == "free"):
                raise CatalogueError(f"{place}: `{what}` is not one of {NEEDS[library]}, with or without +raw and +unsafe")
        elif kind == "refuse":
            row.diag, _, error = what.partition(":")
            row.error = int(error) if error else None
            if row.diag not in diagnostics:
                raise CatalogueError(f"{place}: no row of diagnostics.def is named {row.diag}")
        rows.append(row)
    if [r.name for r in rows] != sorted(r.name for r in rows):
        raise CatalogueError(f"{path}: rows are sorted by name")
    return rows


def read(path, library, diagnostics):
    rows = read_rows(path, library, diagnostics)
    by_name = {}
    for row in rows:
        for name, _ in row.names:
            if name in by_name:
                raise CatalogueError(f"{row.place}: {name} is there twice")
            by_name[name] = row
    for row in rows:
        if row.kind == "alias":
            row.target = by_name.get(row.what)
            if row.target is None or row.target.kind != "impl":
                raise CatalogueError(f"{row.place}: {row.what} is not an impl row")
            row.needs, row.raw, row.unsafe = row.target.needs, row.target.raw, row.target.unsafe
    return rows


def read_older(path, newer, diagnostics):
    """The rows of libcudart.so.12, made of cudart12.def and the rows of cudart.def, and its shorter structures with their sizes."""
    by_name = {row.name: row for row in newer}
    own, structures = {}, {}
    for row in read_rows(path, "cudart", diagnostics, OLDER_KINDS):
        if row.kind == "shorter":
            if not row.what.isdigit():
                raise CatalogueError(f"{row.place}: `{row.what}` is no number of bytes")
            structures[row.name] = int(row.what)
            continue
        if row.name in own:
            raise CatalogueError(f"{row.place}: {row.name} is there twice")
        own[row.name] = row
        if row.kind == "impl":
            row.older = True
        if row.kind in ("alias", "adapt"):
            name, _, arguments = row.what.partition("(")
            target = by_name.get(name)
            if target is None or (row.kind == "adapt") != arguments.endswith(")"):
                raise CatalogueError(f"{row.place}: {row.what} is not an entry point of cudart.def" + ", or no call of one" * (row.kind == "adapt"))
            if row.kind == "adapt":
                row.arguments, row.older = arguments[:-1], True
            follow(row, target)
    rest = [dataclasses.replace(row) for row in newer if row.since <= NEWEST_12 and row.name not in own]
    for row in rest:
        follow(row, by_name[row.name])
    return sorted([*own.values(), *rest], key=lambda row: row.name), structures


def follow(row, target):
    """A row of CUDA 12 is served, or refused, as its counterpart is."""
    row.target = target.target or target
    if target.kind == "refuse":
        row.kind, row.diag, row.error = "refuse", target.diag, target.error
    else:
        row.needs, row.raw, row.unsafe = target.needs, target.raw, target.unsafe


def read_all(folder, diagnostics):
    """library -> rows, and library -> its shorter structures."""
    libraries = {name: read(folder / f"{name}.def", name, diagnostics) for name in ("cudart", "cuda")}
    libraries["cudart12"], structures = read_older(folder / "cudart12.def", libraries["cudart"], diagnostics)
    return libraries, {"cudart12": structures}
