/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * One entry for each name of the catalogue: a jump through its slot. A slot first points to code that asks resolve.c
 * for the function in libcudart.so, stores it and goes on there with all argument registers as they were. Nothing
 * here needs a constructor: programs register their kernels in constructors of their own, which may run first.
 *
 * In libcudart_static.a the entries have the runtime's names. The preload library has a set for each runtime, with
 * names that begin with CUTRANS_PREFIX, and leads a program's own runtime to them.
 */
#if !defined(__x86_64__)
#error "libcudart_static.a is written for x86-64 only; link with -cudart shared"
#endif

#define CT_JOIN(a, b) a##b
#define CT_PREFIXED(prefix, name) CT_JOIN(prefix, name)
#define CT_SYMBOL(name) CT_PREFIXED(CUTRANS_PREFIX, name)

    .text

    /* In: index of the entry on the stack, above it the caller's return address. System V AMD64 ABI, 3.2.3. */
    .p2align 4
    .type cutrans_static_first_call, @function
cutrans_static_first_call:
    pushq %rax                  /* count of vector registers of a variadic call */
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %r8
    pushq %r9
    pushq %r10
    subq $128, %rsp             /* 16-aligned: return address, index and eight registers are 80 bytes */
    movups %xmm0, (%rsp)
    movups %xmm1, 16(%rsp)
    movups %xmm2, 32(%rsp)
    movups %xmm3, 48(%rsp)
    movups %xmm4, 64(%rsp)
    movups %xmm5, 80(%rsp)
    movups %xmm6, 96(%rsp)
    movups %xmm7, 112(%rsp)
    movl 192(%rsp), %edi
    call CT_SYMBOL(cutrans_static_resolve)
    movq %rax, %r11
    movups (%rsp), %xmm0
    movups 16(%rsp), %xmm1
    movups 32(%rsp), %xmm2
    movups 48(%rsp), %xmm3
    movups 64(%rsp), %xmm4
    movups 80(%rsp), %xmm5
    movups 96(%rsp), %xmm6
    movups 112(%rsp), %xmm7
    addq $128, %rsp
    popq %r10
    popq %r9
    popq %r8
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    popq %rax
    addq $8, %rsp
    jmpq *%r11
    .size cutrans_static_first_call, . - cutrans_static_first_call

    .set index, 0
#define CT_ENTRY(name, fallback, since)                        \
    .p2align 4;                                                \
    .globl CT_SYMBOL(name);                                    \
    .hidden CT_SYMBOL(name);                                   \
    .type CT_SYMBOL(name), @function;                          \
CT_SYMBOL(name):                                               \
    endbr64;                                                   \
    jmpq *CT_SYMBOL(cutrans_static_slots) + 8 * index(%rip);   \
    .size CT_SYMBOL(name), . - CT_SYMBOL(name);                \
.Lfirst_##name:                                                \
    pushq $index;                                              \
    jmp cutrans_static_first_call;                             \
    .set index, index + 1;
#include "names.inc"

    .section .data.rel.cutrans, "aw", @progbits
    .p2align 3
    .globl CT_SYMBOL(cutrans_static_slots)
    .hidden CT_SYMBOL(cutrans_static_slots)
    .type CT_SYMBOL(cutrans_static_slots), @object
CT_SYMBOL(cutrans_static_slots):
#define CT_ENTRY(name, fallback, since) .quad .Lfirst_##name;
#include "names.inc"
    .size CT_SYMBOL(cutrans_static_slots), . - CT_SYMBOL(cutrans_static_slots)

#ifdef CUTRANS_PRELOAD
    /* The entries in the order of the table. */
    .globl CT_SYMBOL(cutrans_static_entries)
    .hidden CT_SYMBOL(cutrans_static_entries)
    .type CT_SYMBOL(cutrans_static_entries), @object
CT_SYMBOL(cutrans_static_entries):
#define CT_ENTRY(name, fallback, since) .quad CT_SYMBOL(name);
#include "names.inc"
    .size CT_SYMBOL(cutrans_static_entries), . - CT_SYMBOL(cutrans_static_entries)
#else
    /* Says to the preload library and to `cutrans doctor`, also in a stripped program: this runtime is ours. */
    .section .note.cutrans, "a", @note
    .p2align 2
    .long 8, 0, 1
    .asciz "cutrans"
#endif
    .section .note.GNU-stack, "", @progbits
