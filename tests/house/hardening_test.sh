#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The command is position independent, bound at load, without executable stack or writable code, and looks for libraries
# nowhere but in OpenBLAS's own folder. usage: hardening_test.sh BINARY OPENBLAS_FOLDER
set -euo pipefail
headers=$(readelf -W -h -l -d "$1")
status=0
expect() {  # sentence, pattern
  grep -qE "$2" <<<"$headers" || { echo "not so: $1"; status=1; }
}
refuse() {
  if grep -E "$2" <<<"$headers"; then echo "not so: $1"; status=1; fi
}
expect "position independent" 'Type: +DYN'
expect "bound at load" 'BIND_NOW|FLAGS_1.*NOW'
expect "relocations are read-only" 'GNU_RELRO'
expect "the stack is not executable" 'GNU_STACK .* RW +0x'
refuse "no segment is writable and executable" '^ +LOAD .* RWE '
refuse "no RPATH" '\(RPATH\)'
expect "OpenBLAS by its own folder" "\(RUNPATH\) .*\[$2\]"
exit "$status"
