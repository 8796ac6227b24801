; RUN: --block=64,1,1 --until=linearize-divergent-branches
; Threads beyond n have left; the others meet at a barrier in a loop. The region after the return holds the barrier, so every
; gang comes by, with no live lane too: no test of its mask, the loop's own branch depends on parameters only.
; CHECK-LABEL: define void @rows
; CHECK-NOT: cutrans.gang.any
; CHECK: loop:
; CHECK-NEXT: phi
; CHECK-NEXT: call void @cutrans.block.mask(i1 %[[MASK:.*]])
; CHECK-NOT: !cutrans.live
; CHECK: call void @cutrans.barrier.sync
; CHECK: br i1 %more, label %loop
; CHECK-NOT: cutrans.gang.any
; CHECK: ret void
target datalayout = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64"
declare i32 @cutrans.tid.x() #1
declare void @cutrans.barrier.sync(i32, i32) #2
define void @rows(ptr addrspace(101) %p) #0 {
entry:
  %n = load i32, ptr addrspace(101) %p, !invariant.load !0
  %x = call i32 @cutrans.tid.x()
  %c = icmp slt i32 %x, %n
  br i1 %c, label %loop, label %end
loop:
  %i = phi i32 [ 0, %entry ], [ %i1, %loop ]
  call void @cutrans.barrier.sync(i32 0, i32 0)
  %i1 = add i32 %i, 1
  %more = icmp slt i32 %i1, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}
attributes #0 = { "cutrans.kernel" }
attributes #1 = { nounwind willreturn memory(none) }
attributes #2 = { convergent nounwind }
!0 = !{}
