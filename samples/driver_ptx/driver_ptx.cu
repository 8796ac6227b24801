// The driver API with PTX text: what Triton, Numba and run-time compilers do. No runtime library takes part.
#include <cuda.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#define CHECK(call)                                                                         \
  do {                                                                                      \
    CUresult status = (call);                                                               \
    if (status != CUDA_SUCCESS) {                                                           \
      const char *name = "?";                                                               \
      cuGetErrorName(status, &name);                                                        \
      std::printf("driver_ptx: FAILED (%s:%d: %s: %s)\n", __FILE__, __LINE__, #call, name); \
      std::exit(1);                                                                         \
    }                                                                                       \
  } while (0)

static const char *kText = R"(
.version 7.0
.target sm_70
.address_size 64

.global .align 4 .u32 visits = 7;

.visible .entry scale_add(.param .u64 out, .param .u64 in, .param .f32 factor, .param .u32 count)
{
  .reg .pred %p<2>;
  .reg .f32 %f<5>;
  .reg .b32 %r<6>;
  .reg .b64 %rd<8>;

  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  mad.lo.s32 %r4, %r1, %r2, %r3;
  ld.param.u32 %r5, [count];
  setp.ge.u32 %p1, %r4, %r5;
  @%p1 bra $done;
  ld.param.u64 %rd1, [in];
  ld.param.u64 %rd2, [out];
  ld.param.f32 %f1, [factor];
  cvta.to.global.u64 %rd3, %rd1;
  cvta.to.global.u64 %rd4, %rd2;
  mul.wide.u32 %rd5, %r4, 4;
  add.s64 %rd6, %rd3, %rd5;
  add.s64 %rd7, %rd4, %rd5;
  ld.global.f32 %f2, [%rd6];
  fma.rn.f32 %f3, %f2, %f1, 0f3F800000;
  st.global.f32 [%rd7], %f3;
  atom.global.add.u32 %r1, [visits], 1;
$done:
  ret;
}
)";

int main() {
  const unsigned n = 3000;
  CHECK(cuInit(0));
  int count = 0;
  CHECK(cuDeviceGetCount(&count));
  CUdevice device;
  CHECK(cuDeviceGet(&device, 0));
  char name[100];
  CHECK(cuDeviceGetName(name, sizeof name, device));
  CUcontext context;
#if CUDA_VERSION >= 13000
  CHECK(cuCtxCreate(&context, nullptr, 0, device));
#else
  CHECK(cuCtxCreate(&context, 0, device));
#endif
  CUmodule module;
  CHECK(cuModuleLoadData(&module, kText));
  CUfunction function;
  CHECK(cuModuleGetFunction(&function, module, "scale_add"));
  CUfunction missing;
  bool refused = cuModuleGetFunction(&missing, module, "no_such_kernel") == CUDA_ERROR_NOT_FOUND;
  CUdeviceptr in, out, visits;
  size_t visits_size;
  CHECK(cuMemAlloc(&in, n * sizeof(float)));
  CHECK(cuMemAlloc(&out, n * sizeof(float)));
  CHECK(cuModuleGetGlobal(&visits, &visits_size, module, "visits"));
  std::vector<float> x(n), y(n);
  for (unsigned i = 0; i < n; ++i) x[i] = float(i) * 0.25f;
  CHECK(cuMemcpyHtoD(in, x.data(), n * sizeof(float)));
  CUstream stream;
  CHECK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
  float factor = 3.0f;
  unsigned elements = n;
  void *arguments[] = {&out, &in, &factor, &elements};
  CHECK(cuLaunchKernel(function, (n + 127) / 128, 1, 1, 128, 1, 1, 0, stream, arguments, nullptr));
  CHECK(cuStreamSynchronize(stream));
  CHECK(cuMemcpyDtoH(y.data(), out, n * sizeof(float)));
  unsigned seen = 0;
  CHECK(cuMemcpyDtoH(&seen, visits, sizeof seen));
  int wrong = !refused || visits_size != sizeof seen || seen != n + 7;
  for (unsigned i = 0; i < n; ++i) wrong += y[i] != x[i] * 3.0f + 1.0f;
  CHECK(cuStreamDestroy(stream));
  CHECK(cuMemFree(in));
  CHECK(cuMemFree(out));
  CHECK(cuModuleUnload(module));
  CHECK(cuCtxDestroy(context));
  std::printf("driver_ptx: %s (%s)\n", wrong ? "FAILED" : "PASSED", name);
  return wrong != 0;
}
