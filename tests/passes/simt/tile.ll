; RUN: --block=16,16,1
; A row of a 16x16 tile is a gang: tile[ty][k] is one word for all lanes, tile[k][tx] sixteen neighbours, both without guard.
; The global index is 32-bit arithmetic that may wrap: contiguous behind one compare, exact behind the other way.
; CHECK-LABEL: define void @tile
; CHECK-DAG: icmp sle i32 %{{.*}}, 2147483632
; CHECK: contiguous:
; CHECK: load <16 x float>, ptr addrspace(1)
; CHECK: wraps:
; CHECK: llvm.masked.gather
; CHECK: store <16 x float> %{{.*}}, ptr addrspace(3)
; CHECK: call void @cutrans.gang.barrier.sync(i32 0, i32 0, i32 16)
; CHECK: %[[ONE:.*]] = load float, ptr addrspace(3)
; CHECK: shufflevector {{.*}} zeroinitializer
; CHECK: load <16 x float>, ptr addrspace(3)
; CHECK-NOT: gather
; CHECK: ret void
target datalayout = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64"
@As = internal addrspace(3) global [1024 x i8] undef, align 4
declare i32 @cutrans.tid.x() #1
declare i32 @cutrans.tid.y() #1
declare i32 @cutrans.ctaid.x() #1
declare void @cutrans.barrier.sync(i32, i32) #2
define void @tile(ptr addrspace(101) %p) #0 {
  %in = load i64, ptr addrspace(101) %p, !invariant.load !0
  %pn = getelementptr i8, ptr addrspace(101) %p, i64 8
  %n = load i32, ptr addrspace(101) %pn, !invariant.load !0
  %x = call i32 @cutrans.tid.x()
  %y = call i32 @cutrans.tid.y()
  %c = call i32 @cutrans.ctaid.x()
  %r0 = mul i32 %y, %n
  %r1 = mul i32 %c, 16
  %r2 = add i32 %r0, %r1
  %i = add i32 %r2, %x
  %iw = sext i32 %i to i64
  %io = mul i64 %iw, 4
  %ia = add i64 %in, %io
  %ip = inttoptr i64 %ia to ptr addrspace(1)
  %v = load float, ptr addrspace(1) %ip
  %base = ptrtoint ptr addrspace(3) @As to i32
  %row = shl i32 %y, 6
  %col = shl i32 %x, 2
  %s0 = add i32 %base, %row
  %s1 = add i32 %s0, %col
  %sp = inttoptr i32 %s1 to ptr addrspace(3)
  store float %v, ptr addrspace(3) %sp
  call void @cutrans.barrier.sync(i32 0, i32 0)
  %k0 = add i32 %s0, 20
  %kp = inttoptr i32 %k0 to ptr addrspace(3)
  %a = load float, ptr addrspace(3) %kp
  %k1 = add i32 %base, %col
  %k2 = add i32 %k1, 320
  %kq = inttoptr i32 %k2 to ptr addrspace(3)
  %b = load float, ptr addrspace(3) %kq
  %ab = fmul float %a, %b
  store float %ab, ptr addrspace(1) %ip
  ret void
}
attributes #0 = { "cutrans.kernel" }
attributes #1 = { nounwind willreturn memory(none) }
attributes #2 = { convergent nounwind }
!0 = !{}
