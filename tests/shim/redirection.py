#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Redirection (route C) on programs in C that look like nvcc's: a section of device code and functions with the names of
the runtime. Theirs return 77, so that a call says where it went."""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--api", required=True)
parser.add_argument("--lib", required=True)
parser.add_argument("--cc", required=True)
args = parser.parse_args()
sys.path.insert(0, args.api)
import catalogue  # noqa: E402

libraries, _ = catalogue.read_all(pathlib.Path(args.api), catalogue.read_diagnostics(
    pathlib.Path(args.api).parents[1] / "runtime/support/diagnostics.def"))
names = [n for row in libraries["cudart"] for n, _ in row.names]
names12 = {n: row.version(per_thread) for row in libraries["cudart12"] for n, per_thread in row.names}
PRELOAD = f"{args.lib}/libcutrans_preload.so"
failed = []

MAIN = """
#include <stdio.h>
int cudaRuntimeGetVersion(int *);
__attribute__((constructor)) static void early(void) {
  int version = 0, error = cudaRuntimeGetVersion(&version);
  printf("early %d %d\\n", error, version);
}
int main(void) {
  int version = 0, error = cudaRuntimeGetVersion(&version);
  printf("main %d %d\\n", error, version);
  return 0;
}
"""


DEVICE_CODE = 'const char code[64] __attribute__((section(".nv_fatbin"), used)) = {0};\n'


def runtime(functions):
    """Functions with these names; each has a body of its own, longer than a jump."""
    text = "".join(
        f'int {name}() {{ static volatile int calls; calls += {i}; return 77; }}\n' if kind == "own" else f"{kind}\n"
        for i, (name, kind) in enumerate(functions))
    return text.replace("int cudaRuntimeGetVersion() {", "int cudaRuntimeGetVersion(int *unused) {")


def compile_c(text, path, *options):
    subprocess.run([args.cc, "-w", "-O0", "-std=gnu89", "-x", "c", "-", "-o", path, *options], input=text, text=True, check=True)


def check(why, want, functions, device_code=True, options=(), library=None, **extra):
    """Builds and runs a program with these functions; `library`: one that is built beside it, as a list of functions."""
    text = (MAIN if library is None else "") + runtime(functions) + DEVICE_CODE * device_code
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/program"
        if library is None:
            compile_c(text, path, *options)
        else:
            # The library calls its own functions, as code that is linked with a static runtime does.
            compile_c(LIBRARY + runtime(library) + DEVICE_CODE, f"{folder}/libplugin.so", "-shared", "-fPIC", "-Wl,-Bsymbolic")
            if "-lplugin" in options:
                compile_c("int run(void); int main(void) { return run(); }", path, f"-L{folder}", f"-Wl,-rpath,{folder}", *options)
            else:
                compile_c(LOADER.replace("FOLDER", folder) + text, path, *options)
        env = {k: v for k, v in os.environ.items() if not k.startswith("LD_")}
        env.update({"CUTRANS_LOG": "redirect:info", "LD_PRELOAD": PRELOAD, **extra})
        done = subprocess.run([path], env=env, capture_output=True, text=True, timeout=60)
        said = done.stdout + done.stderr
        if done.returncode or not all(said.count(w) >= want.count(w) for w in want):
            failed.append(f"{why}: exit {done.returncode}, wanted {want}, got:\n{said}")


# A library of the same kind: its constructor and a function of it say what its runtime answers.
LIBRARY = MAIN.replace("int main(void)", "int run(void)")
# Loads it, lets go of it and loads it again.
LOADER = """
#include <dlfcn.h>
int main(void) {
  int i;
  for (i = 0; i < 2; i++) {
    void *library = dlopen("FOLDER/libplugin.so", RTLD_NOW);
    if (!library) return 1;
    ((int (*)(void))dlsym(library, "run"))();
    dlclose(library);
  }
  return 0;
}
"""

own = [(n, "own") for n in names]
OURS, THEIRS = ["early 0 13000", "main 0 13000"], ["early 77 0", "main 77 0"]
check("all names", OURS + [f"{len(names)} entry points"], own)
check("at a fixed address", OURS, own, options=["-no-pie", "-fno-pie"])
check("a large program", OURS, own + [("room", "char room[256 << 20];")])
check("switched off", THEIRS + ["CUTRANS_REDIRECT"], own, CUTRANS_REDIRECT="0")
check("no device code", THEIRS, own, device_code=False)
check("another version", THEIRS + ["CT2151", "another version", names[50]], own[:50] + own[51:])
check("a few names only", THEIRS + ["no CUDA runtime of its own"], [o for o in own if o[0].startswith("cudaR")])
alias = [(names[40], f"int {names[40]}() __attribute__((alias(\"{names[41]}\")));")]
check("folded functions", THEIRS + ["CT2151", "one address"], own[:40] + alias + own[41:])
check("stripped", THEIRS + ["CT2151", "symbol table"], own, options=["-s"])


def older(version):
    """The static runtime of an older CUDA has the names that had come by then."""
    return [(n, "own") for n, since in names12.items() if since <= version]


OURS12 = ["early 0 12090", "main 0 12090"]
for version in range(12000, 12100, 10):
    check(f"CUDA {version}", OURS12 + [f"{len(older(version))} entry points", "libcudart.so.12"], older(version))
check("CUDA 11", THEIRS + ["CT2151", "version 11."], older(11080))
check("a version 12 that never was", THEIRS + ["CT2151", "no cudaGetKernel"], [o for o in older(12090) if o[0] != "cudaGetKernel"])
check("a library that is loaded", (OURS + [f"{len(names)} entry points"]) * 2, [], False, library=own)
check("a library that the program is linked with", OURS, [], False, library=own, options=["-lplugin"])
check("a library of CUDA 12", OURS12, [], False, library=older(12090))
check("a program of 13 with a library of 12", OURS12, own, library=older(12090))
check("a library of another version", THEIRS + ["CT2151"], [], False, library=own[:50] + own[51:])
check("a library, switched off", THEIRS, [], False, library=own, CUTRANS_REDIRECT="0")
sys.exit("\n".join(failed) if failed else 0)
