# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C++ that comes from the catalogue: bodies' declarations, entries, refusals, exports, look-up tables."""
import re

import signatures

NAMESPACE = {"cudart": "cudart", "cudart12": "cudart12", "cuda": "driver"}
NOT_SUPPORTED = 801
NODE = {"cudart": "libcudart.so.13", "cudart12": "libcudart.so.12", "cuda": ""}
BANNER = "// Generated from shim/api/{library}.def by shim/api/generate.py. Do not edit.\n"


def banner(library):
    return BANNER.format(library=library)


def bodies(library, rows, found):
    """One declaration for each impl row. A definition `R body::name(Call &, ...)` without one does not compile, a
    declaration without a definition does not link."""
    out = [banner(library), "#pragma once\n", signatures.prelude(library), "#include <type_traits>\n\n",
           f'#include "shim/{library}/call.h"\n\n', f"namespace cutrans::{NAMESPACE[library]}::body {{\n"]
    for row in rows:
        if row.kind == "impl" and row.target is None:
            s = signature(row.name, found, row)
            out.append(f"{s.result} {row.name}({', '.join(filter(None, ['Call &call', s.declare()]))});\n")
    return "".join(out + ["}\n"])


def signature(name, found, row):
    if row.older:
        name = f"{signatures.OLDER}::{row.name}"
    elif name not in found and row.target:  # a name that only CUDA 12 has
        name = row.target.name
    if name not in found:
        raise RuntimeError(f"{row.place}: no header declares {name}, so it can only be refused")
    return found[name]


def entries(library, rows, found, structures={}):
    """The exported functions of all rows that are not refused, all through the one template in shim/common/entry.h. An older
    form has a name of its own in C++, since the CUDA headers declare the newer one; the assembler's name is the exported one."""
    out = [banner(library), '#include "bodies.h"\n', '#include "shim/common/entry.h"\n\n',
           f"using namespace cutrans::{NAMESPACE[library]};\n\n", 'extern "C" {\n']
    for row in rows:
        if row.kind == "refuse":
            continue
        for name, per_thread in row.names:
            s = signature(name, found, row)
            function = name
            if row.older:
                function = f"cutrans_older_{name}"
                out.append(f'{s.result} {function}({s.declare()}) __asm__("{name}");\n')
            arguments = row.arguments or ", ".join(shorter(type_, name_, structures) for type_, name_ in s.params)
            body = f"cutrans::cudart::body::{row.target.name}" if library == "cudart12" and row.target else f"body::{(row.target or row).name}"
            out.append(f"CUTRANS_ENTRY {s.result} {function}({s.declare()}) {{\n"
                       f"  return enter<Needs::{row.needs}, {str(not row.raw).lower()}, {str(row.unsafe).lower()}, {s.result}>("
                       f'"{name}", {str(per_thread).lower()}, [&](Call &call) {{ return {body}({", ".join(filter(None, ["call", arguments]))}); }});\n}}\n')
    return "".join(out + ["}\n"])


def shorter(type_, name, structures):
    """An argument that points to a structure which had fewer bytes goes through a copy (shim/cudart12/structures.h)."""
    pointee = type_.removesuffix("*").strip()
    bare = pointee.removeprefix("const ").removeprefix("struct ")
    return f"Longer<{pointee}, {structures[bare]}>({name})" if type_.endswith("*") and bare in structures else name


def refusals(library, rows, found):
    """Entries of refuse rows. They take no notice of their arguments, so they need no prototype; this file includes no
    CUDA header, or the compiler would object."""
    out = [banner(library), '#include "shim/common/refusal.h"\n\n', "using cutrans::Diag;\n", "using cutrans::shim::Refusal;\n\n"]
    for row in rows:
        if row.kind == "refuse":
            for name, _ in row.names:
                if name in found and found[name].result not in ("cudaError_t", "CUresult"):
                    raise RuntimeError(f"{row.place}: {name} returns {found[name].result}, so it cannot refuse")
                out.append(f'static Refusal refusal_{name}{{"{name}", Diag::{row.diag}, {row.error or NOT_SUPPORTED}}};\n'
                           f'extern "C" CUTRANS_ENTRY int {name}() {{ return cutrans::shim::refuse(refusal_{name}, __builtin_return_address(0)); }}\n')
    return "".join(out)


def cases(library, rows, found):
    """CT_ENTRY_CASE(name, needs, "type|name;type|name..."), for each symbol that has a body: what tests/shim/entries makes a
    test of."""
    out = [banner(library)]
    for row in rows:
        if row.kind != "refuse":
            for name, _ in row.names:
                parameters = ";".join(f"{t}|{n}" for t, n in signature(name, found, row).params)
                out.append(f'CT_ENTRY_CASE({name}, {row.needs}, "{parameters}")\n')
    return "".join(out + ["#undef CT_ENTRY_CASE\n"])


def exports(library, rows):
    names = "".join(f"    {n};\n" for row in rows for n, _ in row.names)
    return f"{NODE[library]} {{\n  global:\n{names}  local: *;\n}};\n"


def lookup(library, rows):
    """Sorted by name, then by mode, then by version: a search finds the highest version not above the one asked for."""
    found = sorted((row.lookup_name, per_thread, row.version(per_thread), symbol)
                   for row in rows for symbol, per_thread in row.names)
    out = [banner(library), '#include "shim/common/lookup.h"\n\n', 'extern "C" {\n']
    out += [f"int {s}();\n" for _, _, _, s in found]
    out += ["}\n\nnamespace cutrans::shim {\n\nnamespace {\nconstexpr LookupRow kRows[] = {\n"]
    out += [f'    {{"{n}", {v}, {str(p).lower()}, {s}}},\n' for n, p, v, s in found]
    out += ["};\n}  // namespace\n\n", "std::span<const LookupRow> lookupRows() { return kRows; }\n\n}  // namespace cutrans::shim\n"]
    return "".join(out)


def names(library, rows, found):
    """CT_ENTRY(name, what a call returns when there is nothing to forward it to, first CUDA version), for the static
    library's trampolines and for the redirection."""
    kinds = {"void **": "null", "void": "nothing", "char": "zero", "unsigned int": "one", "const char *": "text",
             "cudaError_t": "error"}
    out = [banner(library)]
    for row in rows:
        for name, per_thread in row.names:
            result = found[name].result if name in found else "cudaError_t"
            out.append(f"CT_ENTRY({name}, {kinds.get(result, 'record')}, {row.version(per_thread)})\n")
    return "".join(out + ["#undef CT_ENTRY\n"])


def error_rows(library, errors, texts):
    """CT_ERROR(value, "name", "text"), ascending. The names are the enum's; a text is the name in words, unless
    error_text.def has a better one."""
    prefix = {"cudart": "cudaError", "cuda": "CUDA_ERROR_"}[library]
    out = [banner(library)]
    for value, name in sorted(errors):
        text = texts.get(value) or in_words(name.removeprefix(prefix))
        out.append(f'CT_ERROR({value}, "{name}", "{text}")\n')
    return "".join(out)


def error_text(library):
    out = [banner(library), '#include <algorithm>\n#include <iterator>\n\n#include "shim/common/error_text.h"\n\nnamespace cutrans::shim {\n\n',
           "namespace {\nconstexpr ErrorText kRows[] = {\n"
           "#define CT_ERROR(value, name, text) {value, name, text},\n"
           '#include "error_rows.inc"\n#undef CT_ERROR\n']
    function = {"cudart": "runtime", "cuda": "driver"}[library]
    out.append(f"""}};
}}  // namespace

const ErrorText *{function}ErrorText(int error) {{
  auto row = std::ranges::lower_bound(kRows, error, {{}}, &ErrorText::value);
  return row != std::ranges::end(kRows) && row->value == error ? row : nullptr;
}}

}}  // namespace cutrans::shim
""")
    return "".join(out)


def in_words(name):
    if name.isupper():
        return name.replace("_", " ").lower()
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).lower()
