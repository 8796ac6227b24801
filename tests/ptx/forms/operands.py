# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operands for an instruction form: the least that makes a valid statement of it, with the registers of HEAD."""
import re

# Nothing is known of the registers and, by keep(), nothing is without use: so no compiler folds the statements away.
HEAD = """.visible .entry %s(.param .align 16 .b8 p[64]) {
.reg .b8 %%b<10>; .reg .b16 %%h<20>; .reg .b32 %%r<40>; .reg .f32 %%f<20>; .reg .f64 %%d<20>; .reg .b64 %%rd<20>;
.reg .b128 %%q<10>; .reg .pred %%p<10>; .shared .align 16 .b8 sh[64]; .local .align 16 .b8 lo[64];
ld.param.u64 %%rd9, [p];
""" + "".join(f"ld.global.{type_} %%{name}{i}, [%%rd9+{16 * i}];\n" for name, type_, count in
              (("h", "b16", 10), ("r", "b32", 23), ("f", "f32", 9), ("d", "f64", 9), ("rd", "b64", 9))
              for i in range(count)) + "".join(f"setp.gt.s32 %%p{i}, %%r{i}, {i};\n" for i in range(1, 10))
KEPT = {"h": "b16", "r": "b32", "f": "f32", "d": "f64", "rd": "b64", "q": "b128", "b": "b8"}
MODULE = """.version 9.0
.target sm_120a
.address_size 64
.const .align 16 .b8 co[64];
.func callee() { ret; }
"""

WIDTH = {"pred": 1, "b1": 1, "tf32": 32, "b128": 128, "f16x2": 32, "bf16x2": 32, "u16x2": 32, "s16x2": 32, "f32x2": 64,
         "bf16": 16, "e4m3": 8, "e5m2": 8, "e2m3": 6, "e3m2": 6, "e2m1": 4, "e4m3x2": 16, "e5m2x2": 16, "e2m3x2": 16,
         "e3m2x2": 16, "e2m1x2": 8, "ue8m0x2": 16, "e4m3x4": 32, "e5m2x4": 32, "e2m3x4": 32, "e3m2x4": 32, "e2m1x4": 16}
WIDTH.update({k + str(w): w for k, ws in {"b": (4, 8, 16, 32, 64), "u": (2, 4, 8, 16, 32, 64),
                                          "s": (2, 4, 8, 16, 32, 64), "f": (16, 32, 64)}.items() for w in ws})
ADDRESS = {"shared": "[sh]", "shared::cta": "[sh]", "shared::cluster": "[%r9]", "local": "[lo]", "const": "[co]", "param": "[p]"}

# {d} result, {a} {b} {c} sources of the first type; {u} {v} {w} of the second; {D} a result of twice the width.
PLAIN = {
    "add sub mul div rem min max and or xor copysign addc subc mul24": "{d}, {a}, {b}",
    "mad fma madc mad24 sad": "{d}, {a}, {b}, {c}",
    "abs neg not cnot brev rcp sqrt rsqrt sin cos lg2 ex2 tanh mov": "{d}, {a}",
    "popc clz bfind": "%r0, {a}", "testp": "%p1, {a}", "shl shr": "{d}, {a}, %r2", "bfe": "{d}, {a}, %r2, %r3",
    "bfi": "{d}, {a}, {b}, %r3, %r4", "shf prmt dp4a dp2a fns": "%r0, %r1, %r2, %r3", "bmsk szext": "%r0, %r1, %r2",
    "selp": "{d}, {a}, {b}, %p1", "slct": "{d}, {a}, {b}, {w}", "cvta": "%rd0, %rd1", "isspacep": "%p1, %rd1",
    "activemask nanosleep": "%r1", "elect": "%r0|%p1, %r1", "redux": "{d}, {a}, %r4", "movmatrix": "%r0, %r1",
    "discard applypriority": "{m}, 128", "prefetch prefetchu": "{m}", "pmevent": "3", "setmaxnreg": "64", "bra": "L%=",
    "ret exit trap brkpt membar griddepcontrol": "", "vmad": "%r0, %r1, %r2, %r3",
}
TEMPLATE = {op: text for ops, text in PLAIN.items() for op in ops.split()}


def reg(type_, i=0):
    if type_ == "pred":
        return f"%p{i + 1}"
    if type_ in ("f32", "f64"):
        return f"%{'f' if type_ == 'f32' else 'd'}{i}"
    return {8: "%h", 16: "%h", 32: "%r", 64: "%rd", 128: "%q"}[WIDTH[type_]] + str(i)


def keep(code):
    """stores of the results of a statement"""
    operands = code.split(" ", 1)[1] if " " in code else ""
    first = re.match(r"\{[^}]*\}|[^,;]*", operands).group(0)
    if "[" in first or code.startswith(("mbarrier", "bra", "call", "bar", "nanosleep")):
        return ""
    text = ""
    for name, number in re.findall(r"%([a-z]+)(\d+)", first):
        if name == "p":
            text += f" selp.b32 %r39, 1, 0, %p{number};"
            name, number = "r", 39
        text += f" st.volatile.global.{KEPT[name]} [%rd9], %{name}{number};" if name != "q" else f" st.global.b128 [%rd9], %q{number};"
    return text


def group(type_, count):
    return "{" + ", ".join(reg(type_, i) for i in range(count)) + "}"


def vector(type_, count, first=0):
    return "{" + ", ".join(reg(type_, first + i) for i in range(count)) + "}" if count > 1 else reg(type_, first)


def accumulator(type_, m, n):
    count = m * n // 32
    return group(type_, count) if type_ in ("f32", "f64") else group("b32", count // 2 if type_ == "f16" else count)


def matrix(op, words, types, address):
    m, n, k = next(tuple(map(int, found.groups())) for w in words if (found := re.match(r"m(\d+)n(\d+)k(\d+)$", w)))
    if op == "mma":
        d, a, b, c = types[:4]
        sparse = any(w.startswith("sp") for w in words)
        if (m, n, k) == (8, 8, 4) and a == "f16":
            sums = {"f32": group("f32", 8), "f16": group("b32", 4)}
            return f"{sums[d]}, {group('b32', 2)}, {group('b32', 2)}, {sums[c]}"

        def part(type_, rows, depth):
            return group("f64", rows * depth // 32) if type_ == "f64" else group("b32", rows * depth * WIDTH[type_] // 1024)
        text = ", ".join([accumulator(d, m, n), part(a, m, k // 2 if sparse else k), part(b, n, k), accumulator(c, m, n)])
        return text + (", %r20, 0" if sparse else "")

    def fragment(which, type_):
        if which in "cd":
            return accumulator(type_, m, n)
        if type_ in ("f16", "f64"):
            return group("b32", 8) if type_ == "f16" else group("f64", 1)
        return group("b32", (m if which == "a" else n) * k * WIDTH[type_] // 1024)
    if "mma" in words:
        d, a, b, c = types[:4] if len(types) > 2 else (types[0], "f16", "f16", types[1])
        return ", ".join(fragment(w, t) for w, t in zip("dabc", (d, a, b, c)))
    registers = fragment(words[2], types[0])
    return f"{registers}, {address}, %r10" if "load" in words else f"{address}, {registers}, %r10"


def conversion(words, types):
    def byte(type_, i):
        return f"%b{i}" if type_ == "e2m1x2" else reg(type_, i)
    if "pack" in words:
        return "%r0, %r1, %r2" + (", %r3" if len(types) == 3 else "")
    to, source = types[:2]
    if "rs" in words:
        sources = "{%f1, %f2, %f3, %f4}" if to.endswith("x4") else "%f1, %f2"
        return f"{reg(to)}, {sources}, %r1"
    if source == "f32" and to.endswith("x2"):
        return f"{byte(to, 0)}, %f1, %f2"
    return f"{byte(to, 0)}, {byte(source, 1)}"


def transaction(words, policy):
    """bulk and tensor copies; where one reports to an mbarrier, it is in the same shared memory"""
    if words[-1] in ("commit_group", "wait_group", "read"):
        return "" if words[-1] == "commit_group" else "1"
    to_shared = "mbarrier::complete_tx::bytes" in words
    more = (", %h1" if "multicast::cluster" in words else "") + policy + (", %h2" if "cp_mask" in words else "")
    if "tensor" not in words:
        source = "[sh]" if to_shared and "global" not in words else "[%rd9]"
        if "prefetch" in words:
            return f"[%rd9], 16{more}"
        return (f"[sh], {source}, 16, [sh]" if to_shared else "[%rd9], [sh], 16") + more
    rank = next(int(w[0]) for w in words if re.match(r"\dd$", w))
    place = f"[%rd9, {group('b32', 5 if any(w.endswith('er4') for w in words) else rank)}]"
    if "im2col" in words:
        more = f", {group('b16', rank - 2)}" + more
    elif "im2col::w" in words:
        more = f", {group('b16', 2)}" + more
    if "prefetch" in words:
        return place + more
    return (f"[sh], {place}, [sh]" if to_shared else f"{place}, [sh]") + more


def texture(op, words, types, count):
    shape = next(w for w in words if re.match(r"a?(1d|2d|3d|cube)$", w))
    float_ = op == "tex" and types[1] == "f32"
    coordinates = [f"%{'f' if float_ else 'r'}{4 + i}" for i in range({"1d": 1, "2d": 2, "a1d": 2}.get(shape, 4))]
    if shape[0] == "a":
        coordinates[0] = "%r8"
    address = "[%rd9, {" + ", ".join(coordinates) + "}]"
    registers = group(types[0], count)
    if op == "sust":
        return f"{address}, {registers}"
    return f"{registers}, {address}" + (", %f3" if "level" in words else "")


def statement(form):
    """form with operands and semicolon"""
    words = form.split(".")
    op, types = words[0], [w for w in words[1:] if w in WIDTH]
    first = types[0] if types else None
    count = next((int(w[1]) for w in words if w in ("v2", "v4", "v8")), 1)
    space = next((w for w in words if w in ADDRESS or w == "global" or w.startswith("param::")), None)
    address = ADDRESS.get(space, "[%rd9]")
    policy = ", %rd8" if "L2::cache_hint" in form else ""
    combined = any(w in words for w in ("and", "or", "xor"))
    named = {"m": address}
    if first and op not in ("mma", "wmma", "cvt", "ldmatrix", "stmatrix"):
        other = types[1] if len(types) > 1 else first
        named |= {"d": reg(first), "a": reg(first, 1), "b": reg(first, 2), "c": reg(first, 3), "u": reg(other, 1),
                  "v": reg(other, 2), "w": reg(other, 3)}
    if op in ("tex", "sust"):
        text = texture(op, words, types, count)
    elif op in ("mma", "wmma"):
        text = matrix(op, words, types, "[%r9]" if space and space.startswith("shared") else "[%rd9]")
    elif op in ("ldmatrix", "stmatrix"):
        registers = group("b32", next(int(w[1]) for w in words if w in ("x1", "x2", "x4")) * (2 if "m16n16" in words else 1))
        address = "[%r9]" if space else "[%rd9]"
        text = f"{registers}, {address}" if op == "ldmatrix" else f"{address}, {registers}"
    elif op == "cvt":
        text = conversion(words, types)
    elif op == "setp":
        alone = first in ("f16", "bf16")
        text = f"{'%p1' if alone else '%p1|%p2'}, {named['a']}, {named['b']}" + (", !%p3" if combined else "")
    elif op == "set":
        text = f"{named['d']}, {named['u']}, {named['v']}" + (", !%p3" if combined else "")
    elif op in ("mul", "mad") and "wide" in words:
        wide = first[0] + str(2 * WIDTH[first])
        text = f"{reg(wide)}, {named['a']}, {named['b']}" + (f", {reg(wide, 3)}" if op == "mad" else "")
    elif op in ("add", "sub", "fma") and len(types) > 1:
        text = f"{named['d']}, {named['u']}, " + (named["b"] if op != "fma" else f"{named['v']}, {named['c']}")
    elif op in ("ld", "ldu"):
        text = f"{vector(first, count)}, {address}{policy}"
    elif op == "st":
        reports = ", [sh]" if "mbarrier::complete_tx::bytes" in words else ""
        text = "[%r9], %rd1, 0" if "bulk" in words else f"{address}, {vector(first, count)}{reports}{policy}"
    elif op in ("atom", "red"):
        result = f"{vector(first, count)}, " if op == "atom" else ""
        third = f", {reg(first, 6)}" if "cas" in words else ", [sh]" if "mbarrier::complete_tx::bytes" in words else policy
        text = f"{result}{address}, {vector(first, count, 4)}{third}"
    elif op == "fence":
        text = "[%rd9], 128" if "acquire" in words and "tensormap::generic" in form else ""
    elif op == "lop3":
        text = "%r0|%p1, %r1, %r2, %r3, 0x3f, %p2" if combined else "%r0, %r1, %r2, %r3, 0x3f"
    elif op == "shfl":
        text = "%r0|%p1, %r1, %r2, %r3" + (", %r4" if "sync" in words else "")
    elif op == "vote":
        text = ("%r0" if "ballot" in words else "%p1") + ", %p2" + (", %r1" if "sync" in words else "")
    elif op == "match":
        text = ("%r0|%p1" if "all" in words else "%r0") + f", {reg(first, 1)}, %r4"
    elif op in ("bar", "barrier"):
        if "warp" in words:
            text = "%r1"
        elif "red" in words:
            text = ("%r0" if "popc" in words else "%p1") + ", 1, 64, !%p2"
        else:
            text = "1, 64" if "arrive" in words else "1"
    elif op == "multimem":
        text = f"{vector(first, count)}, [%rd9]" if "ld_reduce" in words else f"[%rd9], {vector(first, count)}"
    elif op == "tensormap":
        numbered = any(w.endswith(("_dim", "_stride")) for w in words)
        value = "1" if words[-4] in ("elemtype", "interleave_layout", "swizzle_mode", "fill_mode") else reg(types[-1], 1) if types else ""
        text = "[%rd9], [sh], 128" if "cp_fenceproxy" in words else f"{address}, " + ("1, " if numbered else "") + value
    elif op == "cp" and "bulk" in words:
        text = transaction(words, policy)
    elif op == "cp":
        if "mbarrier" in words:
            text = "[sh]"
        else:
            text = {"commit_group": "", "wait_all": "", "wait_group": "1"}.get(words[-1], "[sh], [%rd9], 16")
    elif op == "mbarrier":
        text = {"init": "[sh], 4", "inval": "[sh]", "arrive": "%rd0, [sh]",
                "test_wait": "%p1, [sh], " + ("%r1" if "parity" in words else "%rd0")}[words[1]]
    elif op == "call":
        text = "callee"
    elif op[0] == "v" and op != "vmad":
        text = "%r0, %r1, %r2" + (", %r3" if op[-1] in "24" or any(w in words for w in ("add", "min", "max")) else "")
    else:
        text = TEMPLATE[op].format(**named)
    if op == "st" and space == "param":
        return f"{{ .param .align 16 .b8 argument[64]; st{form[2:]} [argument], {vector(first, count)}; }}"
    return f"{form} {text}".strip() + ";"
