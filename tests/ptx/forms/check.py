# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every form of used.txt and all.txt must be lowered, but for those of refused.txt, which must be refused with their code.

check.py PTX2IR: runs the forms through the tool. check.py --write FILE: only writes the module that others compile.
"""
import argparse
import itertools
import os
import re
import subprocess
import sys
import tempfile

from operands import HEAD, MODULE, keep, statement

HERE = os.path.dirname(os.path.abspath(__file__))
FORMS_IN_A_KERNEL = 60


def lines(name):
    with open(os.path.join(HERE, name)) as file:
        return [line.rstrip("\n") for line in file if line.strip() and not line.startswith("#")]


def expanded(pattern):
    parts = re.split(r"\{([^}]*)\}", pattern)
    choices = [part.split(",") if i % 2 else [part] for i, part in enumerate(parts)]
    return ["".join(words) for words in itertools.product(*choices)]


def module(forms):
    """PTX with a kernel for every few forms, and the form of each of its lines"""
    text, of_line = MODULE, {}
    for number, first in enumerate(range(0, len(forms), FORMS_IN_A_KERNEL)):
        text += HEAD % f"forms{number}"
        for i, form in enumerate(forms[first:first + FORMS_IN_A_KERNEL]):
            code = statement(form).replace("%=", str(i))
            if form.startswith("bra"):
                code += f" L{i}:"
            elif form.startswith(("ret", "exit", "trap")):
                code = "@%p9 " + code
            code += "" if form in ("exit", "ret", "trap") else keep(code)
            of_line[text.count("\n") + 1] = form
            text += code + "\n"
        text += "st.global.u32 [%rd9], %r0;\nret;\n}\n"
    return text, of_line


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool", nargs="?")
    parser.add_argument("--write")
    options = parser.parse_args()
    refused = [line.split("\t") for line in lines("refused.txt")]

    def expectation(form):
        return next((code for pattern, code, _ in refused if re.fullmatch(pattern, form)), None)

    forms = list(dict.fromkeys(lines("used.txt") + [form for pattern in lines("all.txt") for form in expanded(pattern)]))
    if options.write:
        with open(options.write, "w") as file:
            file.write(module([form for form in forms if not expectation(form)])[0])
        return 0
    text, of_line = module(forms)
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(text)
        file.flush()
        run = subprocess.run([options.tool, file.name], capture_output=True, text=True)
    failures, seen = [], set()
    for line in (run.stdout + run.stderr).splitlines():
        found = re.match(r"(CT\d+): .*line (\d+)", line)
        if not found:
            continue
        form = of_line.get(int(found.group(2)), "?")
        seen.add(form)
        if expectation(form) != found.group(1):
            failures.append(line)
    failures += [f"{form}: expected to be refused, but was not" for form in forms if expectation(form) and form not in seen]
    if run.returncode < 0:
        failures.append(f"the tool ended by signal {-run.returncode}")
    print(f"{len(forms)} forms, {len(seen)} refused", *failures[:40], sep="\n")
    return 1 if failures or len(forms) < 9000 else 0


if __name__ == "__main__":
    sys.exit(main())
