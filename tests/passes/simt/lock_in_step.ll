; RUN: --block=64,1,1 --until=choose-gang-width
; Each lane waits for a lock that a lane beside it may hold. What it does with it becomes part of the loop, loops and all.
; CHECK-NOT: lanes-alone
; CHECK: cmpxchg
; CHECK: cmpxchg
; CHECK: store atomic i32 0
; CHECK: out.left:
; CHECK: store atomic i32 0
; CHECK: attributes {{.*}} "cutrans.gang-width"="{{16|32}}"
; CHECK-NOT: lanes-alone
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
  %i = phi i32 [ 0, %loop ], [ %n, %in ]
  %v = load volatile i32, ptr addrspace(1) %f
  %w = mul i32 %v, 3
  store volatile i32 %w, ptr addrspace(1) %f
  %n = add i32 %i, 1
  %more = icmp ult i32 %n, %v
  br i1 %more, label %in, label %out
out:
  store atomic i32 0, ptr addrspace(1) %l release, align 4
  ret void
}
attributes #0 = { "cutrans.kernel" }
!0 = !{}
