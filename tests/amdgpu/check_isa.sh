#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# check_isa.sh COMPILER OBJDUMP FILECHECK CASE.ptx: for each line "// RUN: PREFIX OPTIONS" the kernel's instructions must be what the comments
# with that prefix (and those with ANY) say.
set -e
object=$(mktemp)
trap 'rm -f "$object"' EXIT
sed -n 's,^// RUN: ,,p' "$4" | while read -r prefix options; do
  # shellcheck disable=SC2086
  "$1" "$4" $options -o "$object"
  "$2" -d --no-show-raw-insn --no-leading-addr "$object" | "$3" --check-prefixes="$prefix,ANY" --allow-unused-prefixes "$4" || {
    echo "for $prefix" >&2
    exit 1
  }
done
