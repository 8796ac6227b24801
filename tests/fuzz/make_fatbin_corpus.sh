#!/bin/sh
# Makes the seeds of the fat binary fuzzer from one small program of our own: every packing, header form and file kind
# that nvcc writes. Run by hand when nvcc changes its format; the results are checked in.
#   tests/fuzz/make_fatbin_corpus.sh [NVCC]
set -eu
nvcc=${1:-nvcc}
out=$(cd "$(dirname "$0")" && pwd)/corpus/fatbin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
echo '__device__ int v = 3; __global__ void k(int *p) { p[threadIdx.x] = v; }' >"$work/k.cu"
cd "$work"
seed() { # NAME FLAGS...
  name=$1
  shift
  "$nvcc" "$@" k.cu -o "$out/$name"
}
seed zstd -fatbin -arch=compute_80
seed lz4 -fatbin -arch=compute_80 --compress-mode=speed
seed plain -fatbin -arch=compute_80 --compress-mode=none
seed debug -fatbin -arch=compute_80 -G
seed options -fatbin -arch=compute_80 -maxrregcount=32 -lineinfo
seed cubin -fatbin -arch=sm_80 -Xfatbin -compress-all
seed family -fatbin -gencode arch=compute_100f,code=compute_100f
seed relocatable.o -c -rdc=true -arch=compute_80
ls -l "$out"
