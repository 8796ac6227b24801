; RUN: --block=64,1,1
; Constant distances become one shuffle of the whole warp, variable ones the machine's permutes.
; CHECK-LABEL: define void @sum
; CHECK: shufflevector <32 x i32> %{{.*}}, <32 x i32> poison, <32 x i32> <i32 16, i32 17,
; CHECK: call <16 x i32> @llvm.x86.avx512.vpermi2var.d.512
; CHECK: call <16 x i32> @llvm.x86.avx512.vpermi2var.d.512
; CHECK-NOT: cutrans.gang.trap
; CHECK: ret void
target datalayout = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64"
declare i32 @cutrans.tid.x() #1
declare {i32, i1} @cutrans.shfl.down(i32, i32, i32, i32) #2
declare {i32, i1} @cutrans.shfl.idx(i32, i32, i32, i32) #2
define void @sum(ptr addrspace(101) %p) #0 {
  %out = load ptr addrspace(1), ptr addrspace(101) %p, !invariant.load !0
  %x = call i32 @cutrans.tid.x()
  %xw = zext i32 %x to i64
  %q = getelementptr i32, ptr addrspace(1) %out, i64 %xw
  %v = load i32, ptr addrspace(1) %q
  %s = call {i32, i1} @cutrans.shfl.down(i32 -1, i32 %v, i32 16, i32 31)
  %d = extractvalue {i32, i1} %s, 0
  %t = call {i32, i1} @cutrans.shfl.idx(i32 -1, i32 %d, i32 %v, i32 31)
  %e = extractvalue {i32, i1} %t, 0
  store i32 %e, ptr addrspace(1) %q
  ret void
}
attributes #0 = { "cutrans.kernel" }
attributes #1 = { nounwind willreturn memory(none) }
attributes #2 = { convergent nounwind willreturn memory(inaccessiblemem: readwrite) }
!0 = !{}
