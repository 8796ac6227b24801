; RUN: --block=64,1,1 --width=16
; Each lane leaves at its own time: the loop runs while any lane is active, the result is kept from a lane's own last turn,
; and the counter, the same for all lanes that are still in, stays a scalar.
; CHECK-LABEL: define void @escape
; CHECK: loop:
; CHECK-DAG: %[[KEPT:.*]] = phi <16 x i32> [ poison, %{{.*}} ], [ %[[NEXT:.*]], %loop.turn ]
; CHECK-DAG: %[[ACTIVE:.*]] = phi <16 x i1>
; CHECK-DAG: %i = phi i32 [ 0, %{{.*}} ]
; CHECK: %[[OUT:.*]] = select <16 x i1> %[[ACTIVE]], <16 x i1> %{{.*}}, <16 x i1> zeroinitializer
; CHECK: %[[NEXT]] = select <16 x i1> %[[OUT]], <16 x i32> %{{.*}}, <16 x i32> %[[KEPT]]
; CHECK: loop.turn:
; CHECK: %[[BITS:.*]] = bitcast <16 x i1> %{{.*}} to i16
; CHECK: %[[ANY:.*]] = icmp ne i16 %[[BITS]], 0
; CHECK: br i1 %[[ANY]], label %loop, label %loop.after
target datalayout = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64"
declare i32 @cutrans.tid.x() #1
define void @escape(ptr addrspace(101) %p) #0 {
entry:
  %out = load ptr addrspace(1), ptr addrspace(101) %p, !invariant.load !0
  %x = call i32 @cutrans.tid.x()
  %f = uitofp i32 %x to float
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %i1, %loop ]
  %v = phi float [ %f, %entry ], [ %w, %loop ]
  %w = fmul float %v, %v
  %i1 = add i32 %i, 1
  %big = fcmp ogt float %w, 1.0e4
  br i1 %big, label %end, label %loop
end:
  %xw = zext i32 %x to i64
  %q = getelementptr i32, ptr addrspace(1) %out, i64 %xw
  store i32 %i, ptr addrspace(1) %q
  ret void
}
attributes #0 = { "cutrans.kernel" }
attributes #1 = { nounwind willreturn memory(none) }
!0 = !{}
