// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Copies and fills against a reference in plain loops.
#include <random>

#include "session.h"

namespace cutrans::conformance {
namespace {

std::vector<unsigned char> noise(size_t bytes, unsigned seed) {
  std::mt19937 next(seed);
  std::vector<unsigned char> out(bytes);
  for (unsigned char &b : out) b = static_cast<unsigned char>(next());
  return out;
}

void go(Session &s, const ct_copy &copy) {
  ct_queue *queue = nullptr;
  s.ok(s.queues().create(s.device(), 0, 0, &queue), "create");
  ct_status status = s.queues().copy(queue, &copy);
  if (status == CT_OK) status = s.queues().synchronize(queue);
  s.queues().destroy(queue);
  s.ok(status, "copy");
}

void linear(Session &s) {
  for (uint64_t bytes : {uint64_t{1}, uint64_t{3}, uint64_t{4096}, uint64_t{65537}, (uint64_t{5} << 20) + 7}) {
    auto source = noise(bytes, 1);
    uint64_t a = s.alloc(CT_MEMORY_DEVICE, bytes), b = s.alloc(CT_MEMORY_DEVICE, bytes);
    std::vector<unsigned char> out(bytes), again(bytes);
    go(s, linearCopy(CT_SIDE_DEVICE, a, CT_SIDE_HOST, address(source.data()), bytes));
    go(s, linearCopy(CT_SIDE_DEVICE, b, CT_SIDE_DEVICE, a, bytes));
    go(s, linearCopy(CT_SIDE_HOST, address(out.data()), CT_SIDE_DEVICE, b, bytes));
    go(s, linearCopy(CT_SIDE_HOST, address(again.data()), CT_SIDE_HOST, address(out.data()), bytes));
    s.check(out == source, "host to device to device to host: " + std::to_string(bytes) + " bytes");
    s.check(again == source, "host to host: " + std::to_string(bytes) + " bytes");
  }
}

void interior(Session &s) {
  auto source = noise(1000, 2);
  uint64_t a = s.alloc(CT_MEMORY_DEVICE, 4096);
  ct_queue *queue = s.queue();
  ct_fill fill{sizeof(ct_fill), 1, a, 0xaa, 4096, 1, 4096};
  s.ok(s.queues().fill(queue, &fill), "fill");
  s.wait(queue);
  go(s, linearCopy(CT_SIDE_DEVICE, a + 1235, CT_SIDE_HOST, address(source.data()), 1000));
  auto out = s.read<unsigned char>(a, 4096);
  for (size_t i = 0; i < 4096; ++i)
    s.check(out[i] == (i >= 1235 && i < 2235 ? source[i - 1235] : 0xaa), "bytes beside the copy stay as they were");
}

void boxes(Session &s) {
  struct Shape {
    uint64_t width, height, depth, dst_pitch, dst_slice, src_pitch, src_slice;
  };
  const Shape shapes[] = {{10, 5, 1, 16, 80, 10, 50}, {64, 32, 1, 64, 2048, 64, 2048}, {7, 3, 4, 9, 40, 8, 24},
                          {100, 10, 3, 100, 1000, 120, 1200}, {1, 50, 2, 3, 200, 5, 251}, {300, 200, 5, 512, 512 * 210, 300, 300 * 200}};
  for (const Shape &h : shapes) {
    uint64_t src_bytes = (h.depth - 1) * h.src_slice + (h.height - 1) * h.src_pitch + h.width;
    uint64_t dst_bytes = (h.depth - 1) * h.dst_slice + (h.height - 1) * h.dst_pitch + h.width;
    auto source = noise(src_bytes, 3), before = noise(dst_bytes, 4);
    auto expected = before;
    for (uint64_t z = 0; z < h.depth; ++z)
      for (uint64_t y = 0; y < h.height; ++y)
        for (uint64_t x = 0; x < h.width; ++x)
          expected[z * h.dst_slice + y * h.dst_pitch + x] = source[z * h.src_slice + y * h.src_pitch + x];
    uint64_t from = s.alloc(CT_MEMORY_DEVICE, src_bytes), to = s.alloc(CT_MEMORY_DEVICE, dst_bytes);
    s.write(from, source.data(), src_bytes);
    auto fill_in = [&](ct_side dst_side, uint64_t dst, ct_side src_side, uint64_t src) {
      ct_copy copy{sizeof(ct_copy), dst_side, src_side, dst, src, h.width, h.height, h.depth, h.dst_pitch, h.dst_slice, h.src_pitch, h.src_slice};
      go(s, copy);
    };
    std::string shape = std::to_string(h.width) + "x" + std::to_string(h.height) + "x" + std::to_string(h.depth);
    s.write(to, before.data(), dst_bytes);
    fill_in(CT_SIDE_DEVICE, to, CT_SIDE_DEVICE, from);
    s.check(s.read<unsigned char>(to, dst_bytes) == expected, "device to device " + shape);
    s.write(to, before.data(), dst_bytes);
    fill_in(CT_SIDE_DEVICE, to, CT_SIDE_HOST, address(source.data()));
    s.check(s.read<unsigned char>(to, dst_bytes) == expected, "host to device " + shape);
    auto out = before;
    fill_in(CT_SIDE_HOST, address(out.data()), CT_SIDE_DEVICE, from);
    s.check(out == expected, "device to host " + shape);
  }
}

void fills(Session &s) {
  struct Shape {
    uint32_t element;
    uint64_t width, height, pitch, offset;
  };
  for (const Shape &h : {Shape{1, 1000, 1, 1000, 3}, Shape{2, 501, 1, 1002, 2}, Shape{4, 77, 1, 308, 4}, Shape{4, 10, 7, 64, 8},
                         Shape{2, 32, 9, 64, 0}, Shape{1, 5, 50, 7, 1}, Shape{4, 1 << 20, 1, 4 << 20, 0}}) {
    const uint64_t bytes = h.offset + (h.height - 1) * h.pitch + h.width * h.element + 16;
    const uint32_t value = 0xdeadbeef;
    uint64_t a = s.alloc(CT_MEMORY_DEVICE, bytes);
    auto expected = noise(bytes, 5);
    s.write(a, expected.data(), bytes);
    for (uint64_t y = 0; y < h.height; ++y)
      for (uint64_t x = 0; x < h.width; ++x) std::memcpy(&expected[h.offset + y * h.pitch + x * h.element], &value, h.element);
    ct_queue *queue = s.queue();
    ct_fill fill{sizeof(ct_fill), h.element, a + h.offset, value, h.width, h.height, h.pitch};
    s.ok(s.queues().fill(queue, &fill), "fill");
    s.wait(queue);
    s.check(s.read<unsigned char>(a, bytes) == expected, "fill of elements of " + std::to_string(h.element) + " bytes");
  }
}

void descriptionIsCopied(Session &s) {
  // The structures are borrowed for the call only.
  uint64_t a = s.alloc(CT_MEMORY_DEVICE, 4096);
  ct_queue *queue = s.queue();
  Gate gate;
  s.hold(queue, gate);
  auto *host = s.pinned<unsigned char>(4096);
  std::memset(host, 9, 4096);
  ct_copy copy = linearCopy(CT_SIDE_DEVICE, a, CT_SIDE_HOST, address(host), 4096);
  s.ok(s.queues().copy(queue, &copy), "copy");
  std::memset(&copy, 0xff, sizeof copy);
  ct_fill fill{sizeof(ct_fill), 1, a, 8, 10, 1, 10};
  s.ok(s.queues().fill(queue, &fill), "fill");
  std::memset(&fill, 0xff, sizeof fill);
  gate.open();
  s.wait(queue);
  auto out = s.read<unsigned char>(a, 4096);
  s.check(out[0] == 8 && out[9] == 8 && out[10] == 9 && out[4095] == 9, "the description may change after the call");
}

constexpr Case kCases[] = {
    {"copy.linear", "Linear copies of many sizes in all four directions.", linear},
    {"copy.interior", "Copies may start inside an allocation and touch nothing else.", interior},
    {"copy.boxes", "Boxes keep their own pitches and slices.", boxes},
    {"copy.description", "A copy's description is read during the call.", descriptionIsCopied},
    {"fill.elements", "Fills of 1, 2 and 4 bytes, in rows with a pitch.", fills},
};

}  // namespace
std::span<const Case> copyCases() { return kCases; }
}  // namespace cutrans::conformance
