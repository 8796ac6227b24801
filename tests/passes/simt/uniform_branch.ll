; RUN: --block=64,1,1 --width=32 --until=linearize-divergent-branches
; A warp's number is the same for its lanes, so a branch on it stays one. Inside a divergent region a uniform branch stays too,
; behind a test that some lane is there.
; CHECK-LABEL: define void @uniform
; CHECK: %first = icmp
; CHECK: br i1 %first, label %one, label %two
; CHECK: inside.gate:
; CHECK: %[[ANY:.*]] = call i1 @cutrans.gang.any(i1 %{{.*}})
; CHECK: br i1 %[[ANY]], label %inside, label
; CHECK: inside:
; CHECK: br i1 %{{.*}}, label %three, label
target datalayout = "e-p:64:64-p3:32:32-i64:64-i128:128-v16:16-v32:32-n16:32:64"
declare i32 @cutrans.tid.x() #1
declare void @cutrans.nanosleep(i32)
define void @uniform(ptr addrspace(101) %p) #0 {
entry:
  %n = load i32, ptr addrspace(101) %p, !invariant.load !0
  %x = call i32 @cutrans.tid.x()
  %w = lshr i32 %x, 5
  %first = icmp eq i32 %w, 0
  br i1 %first, label %one, label %two
one:
  call void @cutrans.nanosleep(i32 1)
  br label %two
two:
  %odd = icmp slt i32 %x, %n
  br i1 %odd, label %inside, label %end
inside:
  call void @cutrans.nanosleep(i32 2)
  %c = icmp sgt i32 %n, 5
  br i1 %c, label %three, label %end
three:
  call void @cutrans.nanosleep(i32 3)
  br label %end
end:
  ret void
}
attributes #0 = { "cutrans.kernel" }
attributes #1 = { nounwind willreturn memory(none) }
!0 = !{}
