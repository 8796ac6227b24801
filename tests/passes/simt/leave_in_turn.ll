; RUN: --block=64,1,1 --until=choose-gang-width
; Each lane waits for a word, sets one that the next may wait for, and meets the others at the barrier: the store becomes part of
; the loop, so that lanes can run in step.
; CHECK-NOT: lanes-alone
; CHECK: {{^}}again:
; CHECK: load volatile
; CHECK: br i1 %ready.not, label %[[TURN:.*]], label %[[LEFT:.*]]
; CHECK: br i1 %always, label %{{.*}}, label %[[TURN]]
; CHECK: call void @cutrans.barrier.sync(i32 0, i32 0)
; CHECK: [[LEFT]]:
; CHECK: store volatile i32 1
; CHECK-NOT: barrier
; CHECK: attributes {{.*}} "cutrans.gang-width"="32"
; CHECK-NOT: lanes-alone
target datalayout = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64"
declare void @cutrans.gang.yield()
declare void @cutrans.barrier.sync(i32, i32) #2
declare i32 @cutrans.tid.x() #1
define void @wait(ptr addrspace(101) %p) #0 {
entry:
  %f = load ptr addrspace(1), ptr addrspace(101) %p, !invariant.load !0
  %x = call i32 @cutrans.tid.x()
  %mine = getelementptr i32, ptr addrspace(1) %f, i32 %x
  %next = getelementptr i32, ptr addrspace(1) %mine, i32 1
  br label %loop
loop:
  %v = load volatile i32, ptr addrspace(1) %mine
  %ready = icmp ne i32 %v, 0
  br i1 %ready, label %set, label %again
again:
  call void @cutrans.gang.yield()
  br label %loop
set:
  store volatile i32 1, ptr addrspace(1) %next
  call void @cutrans.barrier.sync(i32 0, i32 0)
  store i32 1, ptr addrspace(1) %f
  ret void
}
attributes #0 = { "cutrans.kernel" }
attributes #1 = { nounwind willreturn memory(none) }
attributes #2 = { convergent nounwind }
!0 = !{}
