# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Takes the signatures of the entry points from the CUDA headers, with libclang, at build time.

__CUDA_API_VERSION_INTERNAL makes the headers declare all versions of a name side by side (name, name_v2, name_ptsz)
instead of renaming them with macros. The same macro is set where our entries are compiled, so the compiler checks
each entry against the header once more."""
import dataclasses

from clang import cindex

INCLUDES = {
    "cudart": ["cuda_runtime_api.h", "cuda_profiler_api.h", "undeclared_cudart.h"],
    "cuda": ["cuda.h", "cudaProfiler.h", "undeclared_cuda.h"],
}
INCLUDES["cudart12"] = [*INCLUDES["cudart"], "cudart12.h"]
OLDER = "cudart12"  # the namespace of cudart12.h


@dataclasses.dataclass
class Signature:
    result: str
    params: list  # (type, name)

    def declare(self, with_types=True):
        return ", ".join(f"{spell(t)} {n}" if with_types else n for t, n in self.params)


def spell(type_):
    """A type as it can stand in front of a name."""
    return f"std::type_identity_t<{type_}>" if "(" in type_ or "[" in type_ else type_


def prelude(library):
    lines = ["#define __CUDA_API_VERSION_INTERNAL"]
    for name in INCLUDES[library]:
        lines.append(f'#if __has_include(<{name}>)\n#include <{name}>\n#endif')
    return "\n".join(lines) + "\n"


def unit(library, include_dirs):
    index = cindex.Index.create()
    args = ["-x", "c++", "-std=c++20", "-fno-delayed-template-parsing"] + [f"-I{d}" for d in include_dirs]
    name = f"{library}_signatures.cpp"
    parsed = index.parse(name, args=args, unsaved_files=[(name, prelude(library))])
    errors = [d for d in parsed.diagnostics if d.severity >= cindex.Diagnostic.Error]
    if errors:
        raise RuntimeError("\n".join(str(d) for d in errors[:10]))
    return parsed


def cursors(library, include_dirs):
    """name -> the declaration, of each entry point."""
    return collect(unit(library, include_dirs).cursor, {}, [])


def parse(library, include_dirs):
    errors = []
    found = collect(unit(library, include_dirs).cursor, {}, errors)
    return {name: signature(cursor) for name, cursor in found.items()}, errors


def signature(cursor):
    params = [(a.type.spelling, a.spelling or f"arg{i}") for i, a in enumerate(cursor.get_arguments())]
    return Signature(cursor.result_type.spelling, params)


def collect(cursor, found, errors, prefix=""):
    """Functions by name; those of cudart12.h with `cudart12::` before it."""
    for child in cursor.get_children():
        if child.kind == cindex.CursorKind.LINKAGE_SPEC:
            collect(child, found, errors, prefix)
        elif child.kind == cindex.CursorKind.NAMESPACE and child.spelling in ("cutrans", OLDER):
            collect(child, found, errors, f"{OLDER}::" if child.spelling == OLDER else prefix)
        elif child.kind == cindex.CursorKind.ENUM_DECL and child.spelling in ("cudaError", "cudaError_enum"):
            errors += [(c.enum_value, c.spelling) for c in child.get_children()]
        elif child.kind == cindex.CursorKind.FUNCTION_DECL and "cu" in child.spelling[:4]:
            found[prefix + child.spelling] = child
    return found
