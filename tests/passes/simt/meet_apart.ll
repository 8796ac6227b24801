; RUN: --block=64,1,1 --until=choose-gang-width
; Two votes of the whole warp on two ways: the lanes of a gang in step would never be together.
; CHECK: attributes {{.*}} "cutrans.gang-width"="1" {{.*}}"cutrans.lanes-alone"="lanes of a warp meet on different ways"
target datalayout = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64"
declare i32 @cutrans.laneid() #1
declare i32 @cutrans.vote.ballot(i32, i1) #2
define void @votes(ptr addrspace(101) %p) #0 {
entry:
  %f = load ptr addrspace(1), ptr addrspace(101) %p, !invariant.load !0
  %x = call i32 @cutrans.laneid()
  %low = icmp ult i32 %x, 16
  br i1 %low, label %first, label %second
first:
  %a = call i32 @cutrans.vote.ballot(i32 -1, i1 true)
  br label %done
second:
  %b = call i32 @cutrans.vote.ballot(i32 -1, i1 false)
  br label %done
done:
  %v = phi i32 [ %a, %first ], [ %b, %second ]
  store i32 %v, ptr addrspace(1) %f
  ret void
}
attributes #0 = { "cutrans.kernel" }
attributes #1 = { nounwind willreturn memory(none) }
attributes #2 = { convergent nounwind willreturn memory(inaccessiblemem: readwrite) }
!0 = !{}
