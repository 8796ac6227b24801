; RUN: --block=64,1,1 --until=choose-gang-width
; Each lane waits for a lock that a lane beside it may hold, and waits again while it holds it: lanes in step would wait for ever, so
; each thread is a gang.
; CHECK: attributes {{.*}} "cutrans.gang-width"="1"
target datalayout = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64"
declare void @cutrans.gang.yield()
define void @lock(ptr addrspace(101) %p) #0 {
entry:
  %l = load ptr addrspace(1), ptr addrspace(101) %p, !invariant.load !0
  %f = getelementptr i32, ptr addrspace(1) %l, i64 1
  br label %loop
loop:
  %c = cmpxchg ptr addrspace(1) %l, i32 0, i32 1 acquire monotonic
  %won = extractvalue {i32, i1} %c, 1
  br i1 %won, label %in, label %wait
wait:
  call void @cutrans.gang.yield()
  br label %loop
in:
  %v = load volatile i32, ptr addrspace(1) %f
  %ready = icmp ne i32 %v, 0
  br i1 %ready, label %out, label %again
again:
  call void @cutrans.gang.yield()
  br label %in
out:
  store atomic i32 0, ptr addrspace(1) %l release, align 4
  ret void
}
attributes #0 = { "cutrans.kernel" }
!0 = !{}
