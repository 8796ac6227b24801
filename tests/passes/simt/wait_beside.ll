; RUN: --block=64,1,1 --until=choose-gang-width
; One lane and its neighbours wait for each other on two ways: in step one of them would wait for ever.
; CHECK: attributes {{.*}} "cutrans.gang-width"="1" {{.*}}"cutrans.lanes-alone"="lanes of a warp wait for others of it"
target datalayout = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64"
declare void @cutrans.gang.yield()
declare i32 @cutrans.tid.x() #1
define void @wait(ptr addrspace(101) %p) #0 {
entry:
  %f = load ptr addrspace(1), ptr addrspace(101) %p, !invariant.load !0
  %x = call i32 @cutrans.tid.x()
  %one = icmp eq i32 %x, 7
  br i1 %one, label %loop, label %set
loop:
  %v = load volatile i32, ptr addrspace(1) %f
  %ready = icmp ne i32 %v, 0
  br i1 %ready, label %done, label %again
again:
  call void @cutrans.gang.yield()
  br label %loop
set:
  store volatile i32 1, ptr addrspace(1) %f
  br label %back
back:
  %w = load volatile i32, ptr addrspace(1) %f
  %answer = icmp eq i32 %w, 2
  br i1 %answer, label %done, label %waits
waits:
  call void @cutrans.gang.yield()
  br label %back
done:
  ret void
}
attributes #0 = { "cutrans.kernel" }
attributes #1 = { nounwind willreturn memory(none) }
!0 = !{}
