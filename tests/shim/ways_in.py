#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The three ways in: one program, linked in every way that nvcc offers, runs on this layer and says the same. Skipped
without nvcc."""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--lib", required=True)
parser.add_argument("--sources", type=pathlib.Path, required=True)
args = parser.parse_args()
nvcc = shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"
if not pathlib.Path(nvcc).exists():
    sys.exit(77)

PRELOAD = f"{args.lib}/libcutrans_preload.so"
failed = []


def run(program, want, why, **extra):
    env = {k: v for k, v in os.environ.items() if not k.startswith("LD_")}
    env.update({"CUTRANS_LOG": "redirect:info", **extra})
    done = subprocess.run([program], env=env, capture_output=True, text=True, timeout=60)
    text = done.stdout + done.stderr
    if not want(done, text):
        failed.append(f"{why}: exit {done.returncode}\n{text}")
    return text


def right(*says):
    return lambda done, text: done.returncode == 0 and "devices 1" in text and all(s in text for s in says)


with tempfile.TemporaryDirectory() as folder:
    def build(name, *options):
        path = f"{folder}/{name}"
        subprocess.run([nvcc, "-o", path, str(args.sources / "ways_in.cu"), *options], check=True)
        return path

    shared = build("shared", "-cudart", "shared")
    relinked = build("relinked", "-L", args.lib)
    static = build("static")
    run(shared, right(), "A, shared runtime", LD_LIBRARY_PATH=args.lib)
    run(shared, right("uses the shared CUDA runtime"), "A, with the preload library too", LD_LIBRARY_PATH=args.lib,
        LD_PRELOAD=PRELOAD)
    run(relinked, right(), "B, relinked")
    run(relinked, right("this layer's static runtime"), "B, with the preload library too", LD_PRELOAD=PRELOAD)
    run(relinked, right(), "B, found through CUTRANS_HOME", CUTRANS_HOME=args.lib)
    run(static, right("421 entry points", "libcudart.so.13"), "C, position independent", LD_PRELOAD=PRELOAD)
    run(build("fixed", "-Xcompiler", "-no-pie", "-Xcompiler", "-fno-pie", "-Xlinker", "-no-pie"), right("421 entry points"),
        "C, at a fixed address", LD_PRELOAD=PRELOAD)
    run(build("perthread", "-default-stream", "per-thread"), right("421 entry points"), "C, per-thread streams",
        LD_PRELOAD=PRELOAD)
    run(static, lambda done, text: "devices 1" not in text and "CUTRANS_REDIRECT" in text, "C, switched off",
        LD_PRELOAD=PRELOAD, CUTRANS_REDIRECT="0")
    subprocess.run(["strip", static], check=True)
    run(static, lambda done, text: "CT2151" in text and "symbol table" in text, "C, without symbols", LD_PRELOAD=PRELOAD)
    shutil.copy(f"{args.lib}/libcudart_static.a", folder)  # a folder without libcudart.so.13
    run("/bin/true", lambda done, text: done.returncode == 0 and not text, "no CUDA program", LD_PRELOAD=PRELOAD)
    if "NOLOAD" not in os.environ:
        maps = subprocess.run(["cat", "/proc/self/maps"], env={**os.environ, "LD_PRELOAD": PRELOAD}, capture_output=True,
                              text=True).stdout
        if "libcutrans_preload" not in maps or "libcudart" in maps or "libstdc++" in maps:
            failed.append("a process that is no CUDA program gets more than the preload library")

sys.exit("\n".join(failed) if failed else 0)
