// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The heap of kernels (compiler/emit/device/heap.c), compiled for this machine: threads are work-items.
#include <cutrans/device_heap.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace {
thread_local int trapped = 0;
}

extern "C" {
struct ct_messages;
uint64_t cutrans_device_heap_alloc(ct_device_heap *heap, uint64_t bytes);
void cutrans_device_heap_free(ct_messages *messages, uint32_t x, uint32_t y, uint32_t z, uint32_t thread, ct_device_heap *heap, uint64_t address, uint32_t code);
void cutrans_device_trap(ct_messages *, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t code) { trapped = static_cast<int>(code); }
}

namespace {

struct Heap {
  explicit Heap(uint32_t pages) : bytes(ct_heap_front_bytes(pages) + uint64_t{pages} * CT_HEAP_PAGE), memory(static_cast<char *>(std::aligned_alloc(CT_HEAP_PAGE, bytes)), std::free) {
    std::memset(memory.get(), 0, ct_heap_front_bytes(pages));
    *head() = ct_heap_head(reinterpret_cast<uint64_t>(memory.get()), pages);
  }
  ct_device_heap *head() { return reinterpret_cast<ct_device_heap *>(memory.get()); }
  char *take(uint64_t size) { return reinterpret_cast<char *>(cutrans_device_heap_alloc(head(), size)); }
  bool give(const void *at) {
    trapped = 0;
    cutrans_device_heap_free(nullptr, 0, 0, 0, 0, head(), reinterpret_cast<uint64_t>(at), 7);
    return trapped == 0;
  }
  bool isNew() {
    const auto *pages = reinterpret_cast<const ct_heap_page *>(head()->pages);
    return std::all_of(pages, pages + head()->count, [](const ct_heap_page &page) { return !page.state && !page.used[0] && !page.used[1] && !page.used[2] && !page.used[3]; });
  }
  uint64_t bytes;
  std::unique_ptr<char, void (*)(void *)> memory;
};

TEST(DeviceHeap, PiecesDoNotOverlapAndAreAligned) {
  Heap heap(64);
  std::vector<std::pair<char *, size_t>> pieces;
  for (size_t size : {0, 1, 15, 16, 17, 32, 33, 48, 49, 64, 65, 100, 192, 193, 1000, 1536, 1537, 2048, 2049, 4096, 4097, 20000}) {
    char *at = heap.take(size);
    ASSERT_NE(at, nullptr) << size;
    EXPECT_EQ(reinterpret_cast<uint64_t>(at) % 16, 0u);
    std::memset(at, static_cast<int>(pieces.size()), size);
    pieces.push_back({at, size});
  }
  for (size_t i = 0; i < pieces.size(); ++i)
    EXPECT_TRUE(std::all_of(pieces[i].first, pieces[i].first + pieces[i].second, [&](char c) { return c == static_cast<char>(i); })) << pieces[i].second;
  for (auto [at, size] : pieces) EXPECT_TRUE(heap.give(at)) << size;
  EXPECT_TRUE(heap.isNew());
}

TEST(DeviceHeap, WhatIsFreeIsWholeAgain) {
  Heap heap(16);
  EXPECT_EQ(heap.take(17 * CT_HEAP_PAGE), nullptr);
  EXPECT_EQ(heap.take(~0ull), nullptr);
  std::vector<char *> small;
  for (char *at; (at = heap.take(16));) small.push_back(at);
  EXPECT_EQ(small.size(), 16 * CT_HEAP_PAGE / 16);
  EXPECT_EQ(heap.take(CT_HEAP_PAGE), nullptr);
  for (char *at : small) heap.give(at);
  char *all = heap.take(16 * CT_HEAP_PAGE);
  EXPECT_NE(all, nullptr);
  EXPECT_EQ(heap.take(1), nullptr);
  EXPECT_TRUE(heap.give(all));
  EXPECT_TRUE(heap.isNew());
}

TEST(DeviceHeap, WrongFreesAreFound) {
  Heap heap(16);
  char *small = heap.take(100), *pages = heap.take(3 * CT_HEAP_PAGE);
  EXPECT_TRUE(heap.give(nullptr));
  for (const char *at : {small + 16, small + 128, pages + 16, pages + CT_HEAP_PAGE, heap.memory.get(), pages + 100 * CT_HEAP_PAGE}) EXPECT_FALSE(heap.give(at));
  EXPECT_TRUE(heap.give(small));
  EXPECT_FALSE(heap.give(small));
  EXPECT_TRUE(heap.give(pages));
  EXPECT_FALSE(heap.give(pages));
  EXPECT_TRUE(heap.isNew());
}

TEST(DeviceHeap, ManyAtOnce) {
  Heap heap(96);  // little: they meet at its end
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0}, given{0};
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      struct Piece {
        char *at;
        size_t size;
        char mark;
      };
      std::vector<Piece> mine;
      for (int i = 0; i < 20000; ++i) {
        if (mine.size() < 40 && random() % 2) {
          const size_t size = random() % 8 ? 1 + random() % 600 : 1 + random() % 20000;
          const char mark = static_cast<char>(random());
          if (char *at = heap.take(size)) {
            std::memset(at, mark, size);
            mine.push_back({at, size, mark});
            ++given;
          }
        } else if (!mine.empty()) {
          std::swap(mine[random() % mine.size()], mine.back());
          const Piece piece = mine.back();
          mine.pop_back();
          wrong += !std::all_of(piece.at, piece.at + piece.size, [&](char c) { return c == piece.mark; });
          wrong += !heap.give(piece.at);
        }
      }
      for (const Piece &piece : mine) wrong += !heap.give(piece.at);
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(given, 1000);
  EXPECT_TRUE(heap.isNew());
}

}  // namespace
