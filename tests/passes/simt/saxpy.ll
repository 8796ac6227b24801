; RUN: --block=256,1,1 --width=16
; Consecutive threads touch consecutive words: one masked vector access each, addresses in scalars. n is not known, so the
; gang is skipped where no lane is below it.
; CHECK-LABEL: define void @saxpy(ptr noalias %block, i32 %gang)
; CHECK: %[[FIRST:.*]] = mul nuw nsw i32 %gang, 16
; CHECK: %[[BELOW:.*]] = freeze <16 x i1>
; CHECK: %[[BITS:.*]] = bitcast <16 x i1> %[[BELOW]] to i16
; CHECK: %[[ANY:.*]] = icmp ne i16 %[[BITS]], 0
; CHECK: br i1 %[[ANY]], label %body
; CHECK: body:
; CHECK-NOT: gather
; CHECK: call <16 x float> @llvm.masked.load.v16f32.p1(ptr addrspace(1) align 4 %{{.*}}, <16 x i1> %[[BELOW]]
; CHECK: call <16 x float> @llvm.masked.load.v16f32.p1(ptr addrspace(1) align 4 %{{.*}}, <16 x i1> %[[BELOW]]
; CHECK: call <16 x float> @llvm.fma.v16f32
; CHECK: call void @llvm.masked.store.v16f32.p1({{.*}}, <16 x i1> %[[BELOW]])
; CHECK-NOT: scatter
; CHECK: ret void
target datalayout = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64"
declare i32 @cutrans.tid.x() #1
declare i32 @cutrans.ctaid.x() #1
declare i32 @cutrans.ntid.x() #1
declare float @llvm.fma.f32(float, float, float)
define void @saxpy(ptr addrspace(101) %p) #0 {
  %t = call i32 @cutrans.tid.x()
  %c = call i32 @cutrans.ctaid.x()
  %n = call i32 @cutrans.ntid.x()
  %m = mul i32 %c, %n
  %i = add i32 %m, %t
  %px = load i64, ptr addrspace(101) %p, !invariant.load !0
  %a1 = getelementptr i8, ptr addrspace(101) %p, i64 8
  %py = load i64, ptr addrspace(101) %a1, !invariant.load !0
  %a2 = getelementptr i8, ptr addrspace(101) %p, i64 16
  %a = load float, ptr addrspace(101) %a2, !invariant.load !0
  %a3 = getelementptr i8, ptr addrspace(101) %p, i64 20
  %cnt = load i32, ptr addrspace(101) %a3, !invariant.load !0
  %cond = icmp slt i32 %i, %cnt
  br i1 %cond, label %body, label %end
body:
  %i64 = sext i32 %i to i64
  %off = shl i64 %i64, 2
  %xa = add i64 %px, %off
  %ya = add i64 %py, %off
  %xp = inttoptr i64 %xa to ptr addrspace(1)
  %yp = inttoptr i64 %ya to ptr addrspace(1)
  %x = load float, ptr addrspace(1) %xp
  %y = load float, ptr addrspace(1) %yp
  %r = call float @llvm.fma.f32(float %a, float %x, float %y)
  store float %r, ptr addrspace(1) %yp
  br label %end
end:
  ret void
}
attributes #0 = { "cutrans.kernel" }
attributes #1 = { nounwind willreturn memory(none) }
!0 = !{}
