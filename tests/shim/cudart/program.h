// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A CUDA program made by hand: a fat binary around PTX text, registered as nvcc's start-up code registers one. So the
// tests need no CUDA compiler.
#pragma once

#include <array>
#include <list>
#include <string>
#include <vector>

#include "../../unit/fatbin/build_container.h"
#include "api_test.h"

extern "C" {
void **__cudaRegisterFatBinary(void *wrapper);
void __cudaRegisterFatBinaryEnd(void **binary);
void __cudaUnregisterFatBinary(void **binary);
void __cudaRegisterFunction(void **binary, const char *host, char *device, const char *name, int, uint3 *, uint3 *,
                            dim3 *, dim3 *, int *);
void __cudaRegisterVar(void **binary, char *host, char *device, const char *name, int, size_t size, int constant, int);
void __cudaRegisterManagedVar(void **binary, void **host, char *device, const char *name, int, size_t size, int, int);
char __cudaInitModule(void **binary);
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, CUstream_st *stream);
cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream);
cudaError_t __cudaGetKernel(cudaKernel_t *out, const void *host);
cudaError_t __cudaLaunchKernel(cudaKernel_t, dim3, dim3, void **, size_t, cudaStream_t);
}

class Program {
 public:
  // Each unit is one container; more than one makes an -rdc program.
  explicit Program(std::vector<std::vector<cutrans::fatbin::EntrySpec>> units) {
    for (auto &unit : units) containers_.push_back(cutrans::fatbin::buildContainer(unit));
    start();
  }
  // PTX text in a zstd container.
  explicit Program(const std::string &ptx) : Program({{ptxEntry(ptx)}}) {}
  // Bytes that stand where the container should be.
  struct Raw {
    std::string bytes;
  };
  explicit Program(Raw raw) : containers_{std::move(raw.bytes)} { start(); }
  Program(const Program &) = delete;
  ~Program() {
    if (handle_) __cudaUnregisterFatBinary(handle_);
  }

  static cutrans::fatbin::EntrySpec ptxEntry(const std::string &ptx, uint32_t sm = 75) {
    return {.sm = sm, .packing = cutrans::fatbin::Packing::zstd, .payload = ptx};
  }

  // The address that the program would launch the kernel by.
  const void *kernel(const std::string &name) {
    names_.push_back(name);
    hosts_.emplace_back();
    __cudaRegisterFunction(handle_, hosts_.back().data(), nullptr, names_.back().c_str(), -1, nullptr, nullptr, nullptr,
                           nullptr, nullptr);
    return hosts_.back().data();
  }
  const void *variable(const std::string &name, size_t size, bool constant = false) {
    names_.push_back(name);
    hosts_.emplace_back();
    __cudaRegisterVar(handle_, hosts_.back().data(), nullptr, names_.back().c_str(), 0, size, constant, 0);
    return hosts_.back().data();
  }
  void **managed(const std::string &name, size_t size) {
    names_.push_back(name);
    pointers_.push_back(nullptr);
    __cudaRegisterManagedVar(handle_, &pointers_.back(), nullptr, names_.back().c_str(), 0, size, 0, 0);
    return &pointers_.back();
  }
  void **handle() const { return handle_; }
  void end() {
    __cudaUnregisterFatBinary(handle_);
    handle_ = nullptr;
  }

 private:
  void start() {
    for (const std::string &container : containers_) units_.push_back(container.data());
    units_.push_back(nullptr);
    bool several = containers_.size() > 1;
    wrapper_ = {cutrans::fatbin::kWrapperMagic, several ? 2u : 1u, containers_[0].data(), several ? units_.data() : nullptr};
    handle_ = __cudaRegisterFatBinary(&wrapper_);
    __cudaRegisterFatBinaryEnd(handle_);
  }

  std::vector<std::string> containers_;
  std::vector<const void *> units_;
  cutrans::fatbin::WrapperHeader wrapper_{};
  std::list<std::array<char, 16>> hosts_;  // stands for code and shadow variables
  std::list<std::string> names_;
  std::list<void *> pointers_;
  void **handle_ = nullptr;
};

inline const std::string kPtxHead = ".version 8.0\n.target sm_75\n.address_size 64\n";
