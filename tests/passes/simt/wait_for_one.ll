; RUN: --block=64,1,1 --until=choose-gang-width
; One thread waits for another block, nobody writes beside it: the gang stays wide, as grid barriers need it.
; CHECK-NOT: lanes-alone
; CHECK: attributes {{.*}} "cutrans.gang-width"="{{16|32}}"
; CHECK-NOT: lanes-alone
target datalayout = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64"
declare void @cutrans.gang.yield()
declare i32 @cutrans.tid.x() #1
declare i32 @cutrans.tid.y() #1
define void @wait(ptr addrspace(101) %p) #0 {
entry:
  %f = load ptr addrspace(1), ptr addrspace(101) %p, !invariant.load !0
  %x = call i32 @cutrans.tid.x()
  %y = call i32 @cutrans.tid.y()
  %sum = or i32 %x, %y
  %one = icmp eq i32 %sum, 0
  br i1 %one, label %take, label %done
take:
  br label %loop
loop:
  %old = atomicrmw or ptr addrspace(1) %f, i32 0 acquire
  %ready = icmp ne i32 %old, 0
  br i1 %ready, label %done, label %again
again:
  call void @cutrans.gang.yield()
  br label %loop
done:
  store i32 1, ptr addrspace(1) %f
  ret void
}
attributes #0 = { "cutrans.kernel" }
attributes #1 = { nounwind willreturn memory(none) }
!0 = !{}
