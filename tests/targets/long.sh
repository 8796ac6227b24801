# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Runs its arguments where long tests are wanted.
[ "${CUTRANS_LONG:-0}" = 1 ] || { echo "only with CUTRANS_LONG=1"; exit 0; }
exec "$@"
