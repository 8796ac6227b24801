/* Stands for a CUDA runtime: the one name by which a static one is known. */
__attribute__((visibility("default"))) void **__cudaRegisterFatBinary(void *wrapper) { return wrapper; }
