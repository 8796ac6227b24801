/* A program as nvcc would have made it, as far as `cutrans run` looks: SHARED calls the runtime in a shared library, STATIC has it
 * inside, DEVICE_CODE has nvcc's section, RELINKED the note of this layer's static runtime. Prints what it got. */
#include <stdio.h>
#include <stdlib.h>
void **__cudaRegisterFatBinary(void *wrapper);
#ifdef DEVICE_CODE
__attribute__((section(".nv_fatbin"), used)) static const char code[16] = {0};
#endif
#ifdef RELINKED
__attribute__((section(".note.cutrans"), used)) static const char note[4] = {0};
#endif
int main(int argc, char **argv) {
  const char *preload = getenv("LD_PRELOAD"), *target = getenv("CUTRANS_TARGET");
#if defined(SHARED) || defined(STATIC)
  __cudaRegisterFatBinary(0);
#endif
  printf("ran preload=%s target=%s", preload ? preload : "", target ? target : "");
  for (int i = 1; i < argc; ++i) printf(" [%s]", argv[i]);
  printf("\n");
  return 42;
}
