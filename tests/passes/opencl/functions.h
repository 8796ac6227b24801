// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Kernels written by hand: control flow, calls, memory, atomics. Each is `name`(ptr %arguments): output, input.
#pragma once

namespace cutrans::test {

inline constexpr const char *FunctionNames[] = {"swaps", "rings", "turns", "switches", "jumps", "calls", "arrays", "atomics", "small_atomics", "odd_memory", "constants", "undefined", "fences", "wide"};

inline constexpr char FunctionText[] = R"(
@table = internal constant [8 x i32] [i32 3, i32 1, i32 4, i32 1, i32 5, i32 9, i32 2, i32 6], align 16
@mixed = internal constant { i8, i16, [2 x float], <2 x i16>, i64 } { i8 7, i16 -2, [2 x float] [float 1.5, float -0.0], <2 x i16> <i16 1, i16 2>, i64 -5 }

; Two phis that trade places, on vectors and scalars.
define void @swaps(ptr %arguments) {
  %out = load ptr, ptr %arguments
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %i1, %loop ]
  %a = phi i32 [ 1, %0 ], [ %b, %loop ]
  %b = phi i32 [ 2, %0 ], [ %a, %loop ]
  %x = phi <32 x i16> [ zeroinitializer, %0 ], [ %y, %loop ]
  %y = phi <32 x i16> [ splat (i16 5), %0 ], [ %x1, %loop ]
  %x1 = add <32 x i16> %x, splat (i16 1)
  %i1 = add i32 %i, 1
  %go = icmp ult i32 %i1, 7
  br i1 %go, label %loop, label %end
end:
  store i32 %a, ptr %out
  %o1 = getelementptr i8, ptr %out, i64 4
  store i32 %b, ptr %o1
  %o2 = getelementptr i8, ptr %out, i64 64
  store <32 x i16> %y, ptr %o2, align 2
  ret void
}

; A ring of three, values used after the loop, a mask among them.
define void @rings(ptr %arguments) {
  %out = load ptr, ptr %arguments
  %s = getelementptr i8, ptr %arguments, i64 8
  %in = load ptr, ptr %s
  %seed = load <32 x i32>, ptr %in, align 4
  %m0 = icmp slt <32 x i32> %seed, zeroinitializer
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %i1, %next ]
  %a = phi i32 [ 1, %0 ], [ %c, %next ]
  %b = phi i32 [ 2, %0 ], [ %a, %next ]
  %c = phi i32 [ 3, %0 ], [ %b, %next ]
  %m = phi <32 x i1> [ %m0, %0 ], [ %n, %next ]
  %n = phi <32 x i1> [ zeroinitializer, %0 ], [ %m, %next ]
  %v = phi <32 x i32> [ %seed, %0 ], [ %w, %next ]
  %last = add i32 %c, 100
  %out1 = icmp eq i32 %i, 5
  br i1 %out1, label %end, label %next
next:
  %w0 = add <32 x i32> %v, splat (i32 3)
  %w = select <32 x i1> %m, <32 x i32> %w0, <32 x i32> %v
  %i1 = add i32 %i, 1
  br label %loop
end:
  store i32 %last, ptr %out
  %o1 = getelementptr i8, ptr %out, i64 64
  store <32 x i32> %v, ptr %o1, align 4
  %o2 = getelementptr i8, ptr %out, i64 256
  %b1 = bitcast <32 x i1> %n to i32
  store i32 %b1, ptr %o2
  %o3 = getelementptr i8, ptr %out, i64 260
  store <32 x i1> %m, ptr %o3
  %again = load <32 x i1>, ptr %o3
  %b2 = bitcast <32 x i1> %again to i32
  %o4 = getelementptr i8, ptr %out, i64 264
  store i32 %b2, ptr %o4
  ret void
}

; Nested loops, an edge that is both ways of a branch, a value of the loop used behind it.
define void @turns(ptr %arguments) {
  %out = load ptr, ptr %arguments
  br label %outer
outer:
  %i = phi i64 [ 0, %0 ], [ %i1, %both ]
  %sum = phi i64 [ 0, %0 ], [ %t, %both ]
  br label %inner
inner:
  %j = phi i64 [ 0, %outer ], [ %j1, %inner ]
  %t = phi i64 [ %sum, %outer ], [ %t1, %inner ]
  %p = mul i64 %i, %j
  %t1 = add i64 %t, %p
  %j1 = add i64 %j, 1
  %more = icmp ult i64 %j1, %i
  br i1 %more, label %inner, label %latch
latch:
  %i1 = add i64 %i, 1
  %odd = trunc i64 %i to i1
  br i1 %odd, label %both, label %both
both:
  %k = phi i64 [ %t1, %latch ], [ %t1, %latch ]
  %where = getelementptr i64, ptr %out, i64 %i
  store i64 %k, ptr %where
  %goes = icmp ult i64 %i1, 9
  br i1 %goes, label %outer, label %outer.back
outer.back:
  br label %latch2
latch2:
  br label %outer.go
outer.go:
  br label %outer2
outer2:
  %i2 = phi i64 [ %i1, %outer.go ], [ %i3, %outer2 ]
  %where2 = getelementptr i64, ptr %out, i64 %i2
  store i64 %k, ptr %where2
  %i3 = add i64 %i2, 1
  %goes2 = icmp ult i64 %i3, 20
  br i1 %goes2, label %outer2, label %end
end:
  ret void
}

define void @switches(ptr %arguments) {
  %out = load ptr, ptr %arguments
  br label %loop
loop:
  %i = phi i8 [ 250, %0 ], [ %i1, %join ]
  %n = phi i32 [ 0, %0 ], [ %n1, %join ]
  switch i8 %i, label %other [ i8 -6, label %one
                               i8 2, label %two
                               i8 3, label %two
                               i8 -1, label %join ]
one:
  br label %join
two:
  %d = mul i32 %n, 7
  br label %join
other:
  %e = add i32 %n, 11
  br label %join
join:
  %v = phi i32 [ 1, %one ], [ %d, %two ], [ %e, %other ], [ 1000, %loop ]
  %where = getelementptr i32, ptr %out, i32 %n
  store i32 %v, ptr %where
  %n1 = add i32 %n, 1
  %i1 = add i8 %i, 1
  %done = icmp eq i8 %i1, 10
  br i1 %done, label %end, label %loop
end:
  ret void
}

; A loop with two ways in.
define void @jumps(ptr %arguments) {
  %out = load ptr, ptr %arguments
  %s = getelementptr i8, ptr %arguments, i64 8
  %in = load ptr, ptr %s
  %first = load i32, ptr %in
  %way = trunc i32 %first to i1
  br i1 %way, label %a, label %b
a:
  %x = phi i32 [ 0, %0 ], [ %y1, %b ]
  %x1 = add i32 %x, 3
  br label %b
b:
  %y = phi i32 [ 1, %0 ], [ %x1, %a ]
  %y1 = mul i32 %y, 5
  %more = icmp ult i32 %y1, 100000
  br i1 %more, label %a, label %end
end:
  store i32 %y1, ptr %out
  ret void
}

define internal { <32 x i32>, i1, i64 } @helper(<32 x i32> %v, i1 %flag, i64 %n, <32 x i1> %m) noinline {
  %w = select <32 x i1> %m, <32 x i32> %v, <32 x i32> zeroinitializer
  %not = xor i1 %flag, true
  %n1 = add i64 %n, 1
  %r0 = insertvalue { <32 x i32>, i1, i64 } poison, <32 x i32> %w, 0
  %r1 = insertvalue { <32 x i32>, i1, i64 } %r0, i1 %not, 1
  %r2 = insertvalue { <32 x i32>, i1, i64 } %r1, i64 %n1, 2
  ret { <32 x i32>, i1, i64 } %r2
}
define internal i16 @single(i16 %v) noinline {
  %c = icmp sgt i16 %v, 100
  br i1 %c, label %yes, label %no
yes:
  ret i16 %v
no:
  %w = sub i16 0, %v
  ret i16 %w
}
define void @calls(ptr %arguments) {
  %out = load ptr, ptr %arguments
  %s = getelementptr i8, ptr %arguments, i64 8
  %in = load ptr, ptr %s
  %v = load <32 x i32>, ptr %in, align 4
  %m = icmp ugt <32 x i32> %v, splat (i32 123456789)
  %r = call { <32 x i32>, i1, i64 } @helper(<32 x i32> %v, i1 true, i64 41, <32 x i1> %m)
  %r0 = extractvalue { <32 x i32>, i1, i64 } %r, 0
  %r1 = extractvalue { <32 x i32>, i1, i64 } %r, 1
  %r2 = extractvalue { <32 x i32>, i1, i64 } %r, 2
  store <32 x i32> %r0, ptr %out, align 4
  %o1 = getelementptr i8, ptr %out, i64 128
  store i1 %r1, ptr %o1
  %o2 = getelementptr i8, ptr %out, i64 136
  store i64 %r2, ptr %o2
  %x = load i16, ptr %in
  %y = call i16 @single(i16 %x)
  %z = call i16 @single(i16 99)
  %o3 = getelementptr i8, ptr %out, i64 144
  store i16 %y, ptr %o3
  %o4 = getelementptr i8, ptr %out, i64 146
  store i16 %z, ptr %o4
  ret void
}

declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
define void @arrays(ptr %arguments) {
  %local = alloca [64 x i32], align 64
  %other = alloca { i8, double, <4 x float> }, align 16
  %out = load ptr, ptr %arguments
  %s = getelementptr i8, ptr %arguments, i64 8
  %in = load ptr, ptr %s
  call void @llvm.memcpy.p0.p0.i64(ptr %local, ptr %in, i64 256, i1 false)
  %l8 = getelementptr inbounds i32, ptr %local, i64 8
  call void @llvm.memmove.p0.p0.i64(ptr %l8, ptr %local, i64 100, i1 false)
  call void @llvm.memset.p0.i64(ptr %local, i8 90, i64 7, i1 false)
  %d = getelementptr { i8, double, <4 x float> }, ptr %other, i64 0, i32 1
  store double 2.5, ptr %d
  %f = getelementptr { i8, double, <4 x float> }, ptr %other, i64 0, i32 2
  store <4 x float> <float 1.0, float 2.0, float 3.0, float 4.0>, ptr %f
  %e2 = getelementptr <4 x float>, ptr %f, i64 0, i64 2
  %e = load float, ptr %e2
  %i0 = load i32, ptr %in
  %i1 = and i32 %i0, 63
  %at = getelementptr [64 x i32], ptr %local, i64 0, i32 %i1
  store i32 77, ptr %at
  call void @llvm.memcpy.p0.p0.i64(ptr %out, ptr %local, i64 256, i1 false)
  %o = getelementptr i8, ptr %out, i64 256
  store float %e, ptr %o
  %o2 = getelementptr i8, ptr %out, i64 264
  %dv = load double, ptr %d
  store double %dv, ptr %o2
  ret void
}

define void @atomics(ptr %arguments) {
  %p = load ptr, ptr %arguments
  %q = getelementptr i8, ptr %p, i64 8
  store i32 100, ptr %p
  store i64 1000, ptr %q
  %a0 = atomicrmw add ptr %p, i32 5 monotonic
  %a1 = atomicrmw sub ptr %p, i32 7 acq_rel
  %a2 = atomicrmw max ptr %p, i32 -3 acquire
  %a3 = atomicrmw umax ptr %p, i32 -3 release
  %a4 = atomicrmw min ptr %p, i32 12 seq_cst
  %a5 = atomicrmw umin ptr %p, i32 12 monotonic
  %a6 = atomicrmw and ptr %p, i32 -5 monotonic
  %a7 = atomicrmw or ptr %p, i32 19 monotonic
  %a8 = atomicrmw xor ptr %p, i32 77 monotonic
  %a9 = atomicrmw nand ptr %p, i32 255 monotonic
  %a10 = atomicrmw uinc_wrap ptr %p, i32 40 monotonic
  %a11 = atomicrmw udec_wrap ptr %p, i32 40 monotonic
  %a12 = atomicrmw xchg ptr %p, i32 1077936128 monotonic
  %a13 = atomicrmw fadd ptr %p, float 2.5 monotonic
  %a14 = atomicrmw fmax ptr %p, float 20.0 monotonic
  %a15 = atomicrmw xchg ptr %p, float 1.0 monotonic
  %c = cmpxchg ptr %p, i32 1065353216, i32 99 acq_rel acquire
  %c0 = extractvalue { i32, i1 } %c, 0
  %c1 = extractvalue { i32, i1 } %c, 1
  %d = cmpxchg weak ptr %p, i32 98, i32 97 seq_cst monotonic
  %d1 = extractvalue { i32, i1 } %d, 1
  %b0 = atomicrmw add ptr %q, i64 5000000000 monotonic
  %b1 = atomicrmw max ptr %q, i64 -3 monotonic
  %b2 = atomicrmw umin ptr %q, i64 4000000000 monotonic
  %b3 = atomicrmw xor ptr %q, i64 -1 acq_rel
  %b4 = atomicrmw xchg ptr %q, i64 4611686018427387904 monotonic
  %b5 = atomicrmw fadd ptr %q, double 0.5 monotonic
  %b6 = cmpxchg ptr %q, i64 4612811918334230528, i64 1 monotonic monotonic
  %b7 = extractvalue { i64, i1 } %b6, 1
  %r = getelementptr i8, ptr %p, i64 64
  %all0 = insertelement <16 x i32> poison, i32 %a0, i32 0
  %all1 = insertelement <16 x i32> %all0, i32 %a1, i32 1
  %all2 = insertelement <16 x i32> %all1, i32 %a2, i32 2
  %all3 = insertelement <16 x i32> %all2, i32 %a3, i32 3
  %all4 = insertelement <16 x i32> %all3, i32 %a4, i32 4
  %all5 = insertelement <16 x i32> %all4, i32 %a5, i32 5
  %all6 = insertelement <16 x i32> %all5, i32 %a6, i32 6
  %all7 = insertelement <16 x i32> %all6, i32 %a7, i32 7
  %all8 = insertelement <16 x i32> %all7, i32 %a8, i32 8
  %all9 = insertelement <16 x i32> %all8, i32 %a9, i32 9
  %all10 = insertelement <16 x i32> %all9, i32 %a10, i32 10
  %all11 = insertelement <16 x i32> %all10, i32 %a11, i32 11
  %all12 = insertelement <16 x i32> %all11, i32 %a12, i32 12
  %f13 = bitcast float %a13 to i32
  %f14 = bitcast float %a14 to i32
  %f15 = bitcast float %a15 to i32
  %all13 = insertelement <16 x i32> %all12, i32 %f13, i32 13
  %all14 = insertelement <16 x i32> %all13, i32 %f14, i32 14
  %all15 = insertelement <16 x i32> %all14, i32 %f15, i32 15
  store <16 x i32> %all15, ptr %r, align 4
  %r1 = getelementptr i8, ptr %p, i64 128
  store i32 %c0, ptr %r1
  %r2 = getelementptr i8, ptr %p, i64 132
  store i1 %c1, ptr %r2
  %r3 = getelementptr i8, ptr %p, i64 133
  store i1 %d1, ptr %r3
  %r4 = getelementptr i8, ptr %p, i64 134
  store i1 %b7, ptr %r4
  %r5 = getelementptr i8, ptr %p, i64 136
  store i64 %b0, ptr %r5
  %r6 = getelementptr i8, ptr %p, i64 144
  store i64 %b1, ptr %r6
  %r7 = getelementptr i8, ptr %p, i64 152
  store i64 %b2, ptr %r7
  %r8 = getelementptr i8, ptr %p, i64 160
  store i64 %b3, ptr %r8
  %r9 = getelementptr i8, ptr %p, i64 168
  store double %b5, ptr %r9
  ret void
}

define void @small_atomics(ptr %arguments) {
  %p = load ptr, ptr %arguments
  store i64 1157442765409226768, ptr %p
  %p1 = getelementptr i8, ptr %p, i64 1
  %p3 = getelementptr i8, ptr %p, i64 3
  %p6 = getelementptr i8, ptr %p, i64 6
  %a = atomicrmw add ptr %p1, i8 -1 monotonic
  %b = atomicrmw xchg ptr %p3, i8 17 monotonic
  %c = atomicrmw sub ptr %p6, i16 4097 monotonic
  %d = cmpxchg ptr %p, i8 16, i8 33 monotonic monotonic
  %d1 = extractvalue { i8, i1 } %d, 1
  %e = cmpxchg ptr %p, i16 0, i16 33 monotonic monotonic
  %e0 = extractvalue { i16, i1 } %e, 0
  %e1 = extractvalue { i16, i1 } %e, 1
  %o = getelementptr i8, ptr %p, i64 16
  store i8 %a, ptr %o
  %o1 = getelementptr i8, ptr %p, i64 17
  store i8 %b, ptr %o1
  %o2 = getelementptr i8, ptr %p, i64 18
  store i16 %c, ptr %o2
  %o3 = getelementptr i8, ptr %p, i64 20
  store i1 %d1, ptr %o3
  %o4 = getelementptr i8, ptr %p, i64 21
  store i1 %e1, ptr %o4
  %o5 = getelementptr i8, ptr %p, i64 22
  store i16 %e0, ptr %o5
  ret void
}

define void @odd_memory(ptr %arguments) {
  %out = load ptr, ptr %arguments
  %s = getelementptr i8, ptr %arguments, i64 8
  %in = load ptr, ptr %s
  %a = load i24, ptr %in, align 1
  %a1 = add i24 %a, 12345
  store i24 %a1, ptr %out, align 1
  %p = getelementptr i8, ptr %in, i64 3
  %b = load i40, ptr %p, align 1
  %b1 = mul i40 %b, 3
  %o = getelementptr i8, ptr %out, i64 8
  store i40 %b1, ptr %o, align 1
  %pair = load { i16, [2 x i32] }, ptr %in, align 4
  %v = extractvalue { i16, [2 x i32] } %pair, 1, 1
  %w = insertvalue { i16, [2 x i32] } %pair, i32 5, 1, 0
  %o1 = getelementptr i8, ptr %out, i64 16
  store i32 %v, ptr %o1
  %o2 = getelementptr i8, ptr %out, i64 20
  store { i16, [2 x i32] } %w, ptr %o2, align 4
  %x = load volatile i32, ptr %in, align 1
  %o3 = getelementptr i8, ptr %out, i64 40
  store volatile i32 %x, ptr %o3
  %y = load atomic i32, ptr %in acquire, align 4
  %o4 = getelementptr i8, ptr %out, i64 44
  store atomic i32 %y, ptr %o4 release, align 4
  %o5 = getelementptr i8, ptr %out, i64 48
  store atomic i64 77, ptr %o5 seq_cst, align 8
  %z = load <3 x i16>, ptr %in, align 2
  %z1 = add <3 x i16> %z, <i16 1, i16 2, i16 3>
  %o6 = getelementptr i8, ptr %out, i64 56
  store <3 x i16> %z1, ptr %o6, align 2
  ret void
}

define void @constants(ptr %arguments) {
  %out = load ptr, ptr %arguments
  %s = getelementptr i8, ptr %arguments, i64 8
  %in = load ptr, ptr %s
  %i0 = load i32, ptr %in
  %i1 = and i32 %i0, 7
  %at = getelementptr [8 x i32], ptr @table, i64 0, i32 %i1
  %v = load i32, ptr %at
  store i32 %v, ptr %out
  %m = load float, ptr getelementptr ({ i8, i16, [2 x float], <2 x i16>, i64 }, ptr @mixed, i64 0, i32 2, i64 1)
  %o = getelementptr i8, ptr %out, i64 4
  store float %m, ptr %o
  %n = load i64, ptr getelementptr ({ i8, i16, [2 x float], <2 x i16>, i64 }, ptr @mixed, i64 0, i32 4)
  %o1 = getelementptr i8, ptr %out, i64 8
  store i64 %n, ptr %o1
  %o2 = getelementptr i8, ptr %out, i64 64
  store <8 x float> <float 0x7FF0000000000000, float -0.0, float 0x36A0000000000000, float 0x47EFFFFFE0000000, float -1.5, float 0x3FB99999A0000000, float 3.0, float 1.0>, ptr %o2, align 4
  %o3 = getelementptr i8, ptr %out, i64 96
  store <3 x double> <double 0xFFF0000000000000, double 0.1, double 0x1>, ptr %o3, align 8
  %o4 = getelementptr i8, ptr %out, i64 128
  store <4 x half> <half 1.0, half 0xH7C00, half 0xH8000, half 0xH2E66>, ptr %o4, align 2
  %o5 = getelementptr i8, ptr %out, i64 136
  store i64 -9223372036854775808, ptr %o5
  ret void
}

; Values that nothing gives are never looked at.
define void @undefined(ptr %arguments) {
  %out = load ptr, ptr %arguments
  %s = getelementptr i8, ptr %arguments, i64 8
  %in = load ptr, ptr %s
  %i0 = load i32, ptr %in
  %c = trunc i32 %i0 to i1
  br i1 %c, label %a, label %b
a:
  br label %b
b:
  %v = phi i32 [ poison, %0 ], [ 7, %a ]
  %f = phi <32 x float> [ undef, %0 ], [ splat (float 2.0), %a ]
  %v1 = select i1 %c, i32 %v, i32 9
  store i32 %v1, ptr %out
  %x = extractelement <32 x float> %f, i32 20
  %y = select i1 %c, float %x, float 0.0
  %o = getelementptr i8, ptr %out, i64 4
  store float %y, ptr %o
  ret void
}

; Numbers of 128 bits in a loop and in memory.
define void @wide(ptr %arguments) {
  %out = load ptr, ptr %arguments
  %s = getelementptr i8, ptr %arguments, i64 8
  %in = load ptr, ptr %s
  %first = load i128, ptr %in, align 4
  br label %loop
loop:
  %i = phi i32 [ 0, %0 ], [ %i1, %loop ]
  %x = phi i128 [ %first, %0 ], [ %x2, %loop ]
  %y = phi i128 [ -1, %0 ], [ %x, %loop ]
  %x1 = mul i128 %x, 6364136223846793005
  %x2 = add i128 %x1, %y
  %i1 = add i32 %i, 1
  %go = icmp ult i32 %i1, 9
  br i1 %go, label %loop, label %end
end:
  store i128 %x2, ptr %out, align 8
  ret void
}

define void @fences(ptr %arguments) {
  %p = load ptr, ptr %arguments
  store i32 1, ptr %p
  fence release
  store i32 2, ptr %p
  fence seq_cst
  %v = load i32, ptr %p
  fence acquire
  %w = add i32 %v, 1
  fence acq_rel
  store i32 %w, ptr %p
  ret void
}
)";

}  // namespace cutrans::test
