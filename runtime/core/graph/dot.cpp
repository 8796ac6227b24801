// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs as text in the DOT language, for people: graphviz draws it. Child graphs and bodies are clusters.
#include <cinttypes>
#include <cstdarg>
#include <cstdio>

#include "graph_state.h"

namespace cutrans::runtime {
namespace {

__attribute__((format(printf, 2, 3))) void put(std::string &out, const char *format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  out += text;
}

// Names of kernels are the program's.
void quote(std::string &out, const char *name) {
  for (; *name; ++name) {
    if (*name == '"' || *name == '\\') out += '\\';
    out += *name;
  }
}

const char *kindName(NodeKind kind) {
  static constexpr const char *kNames[] = {"kernel", "copy", "fill", "host", "child", "empty", "record", "wait", "alloc", "free", "conditional", "words", "signal", "await"};
  static_assert(std::size(kNames) == std::variant_size_v<NodeWork>);
  return kNames[static_cast<size_t>(kind)];
}

// The module that it came from may be gone.
void nameKernel(std::string &out, const KernelWork &work) {
  out += "\\n";
  quote(out, Kernel::find(work.kernel) ? work.kernel->info().name : "(unloaded)");
}

void describe(std::string &out, const KernelWork &work) {
  const LaunchShape &s = work.shape;
  nameKernel(out, work);
  put(out, "\\ngrid %u,%u,%u block %u,%u,%u shared %" PRIu64, s.grid[0], s.grid[1], s.grid[2], s.block[0], s.block[1], s.block[2],
      s.dynamic_shared_bytes);
}
void describe(std::string &out, const CopyEnd &end, const char *name) {
  if (end.array)
    put(out, "\\n%s array %p at %" PRIu64 ",%" PRIu64 ",%" PRIu64, name, static_cast<void *>(end.array), end.x, end.y, end.z);
  else
    put(out, "\\n%s %#" PRIx64 " pitch %" PRIu64 " at %" PRIu64 ",%" PRIu64 ",%" PRIu64, name, end.address, end.pitch, end.x, end.y, end.z);
}
void describe(std::string &out, const CopyWork &work) {
  describe(out, work.src, "from");
  describe(out, work.dst, "to");
  put(out, "\\n%" PRIu64 "x%" PRIu64 "x%" PRIu64, work.width, work.height, work.depth);
}
void describe(std::string &out, const FillWork &work) {
  put(out, "\\nto %#" PRIx64 " pitch %" PRIu64 " value %u of %u bytes\\n%" PRIu64 "x%" PRIu64, work.fill.dst, work.fill.pitch, work.fill.value,
      work.fill.element, work.fill.width, work.fill.height);
}
void describe(std::string &out, const HostWork &work) { put(out, "\\n%p(%p)", reinterpret_cast<void *>(work.fn), work.user); }
void describe(std::string &, const ChildWork &) {}
void describe(std::string &, const EmptyWork &) {}
void describe(std::string &out, const RecordWork &work) { put(out, "\\nevent %p", static_cast<void *>(work.event)); }
void describe(std::string &out, const WaitWork &work) { put(out, "\\nevent %p", static_cast<void *>(work.event)); }
void describe(std::string &out, const AllocWork &work) { put(out, "\\n%#" PRIx64 " %" PRIu64 " bytes", work.address, work.size); }
void describe(std::string &out, const FreeWork &work) { put(out, "\\n%#" PRIx64, work.address); }
void describe(std::string &out, const WordsWork &work) { put(out, "\\n%zu words", work.operations.size()); }
void describe(std::string &out, const SemaphoreList &work) {
  for (size_t i = 0; i < work.semaphores.size(); ++i) put(out, "\\nsemaphore %p value %" PRIu64, static_cast<void *>(work.semaphores[i]), work.values[i]);
}
void describe(std::string &out, const ConditionalWork &work) {
  static constexpr const char *kNames[] = {"if", "while", "switch"};
  put(out, "\\n%s handle %#" PRIx64, kNames[static_cast<size_t>(work.kind)], work.handle);
}

void write(std::string &out, const Graph &graph, const std::string &prefix, bool verbose);

void writeBelow(std::string &out, const Graph &below, const std::string &prefix, bool verbose) {
  put(out, "subgraph \"cluster_%s\" {\n", prefix.c_str());
  put(out, "label=\"%s\";\n", prefix.c_str());
  write(out, below, prefix, verbose);
  out += "}\n";
}

void write(std::string &out, const Graph &graph, const std::string &prefix, bool verbose) {
  auto nameOf = [&](const GraphNode &node) { return prefix + "_node_" + std::to_string(node.id()); };
  for (const GraphNode *node : graph.nodes()) {
    const std::string name = nameOf(*node);
    out += '"' + name + "\" [shape=\"record\" label=\"" + std::to_string(node->id()) + " " + kindName(node->kind());
    // A kernel's name even in short: nothing else tells kernels apart.
    if (const auto *kernel = std::get_if<KernelWork>(&node->work()); kernel && !verbose) nameKernel(out, *kernel);
    if (verbose) std::visit([&](const auto &work) { describe(out, work); }, node->work());
    out += "\"];\n";
    if (const auto *child = std::get_if<ChildWork>(&node->work())) writeBelow(out, *child->graph, name, verbose);
    if (const auto *conditional = std::get_if<ConditionalWork>(&node->work()))
      for (size_t i = 0; i < conditional->bodies.size(); ++i) writeBelow(out, *conditional->bodies[i], name + "_" + std::to_string(i), verbose);
  }
  for (const Edge &edge : graph.edges()) {
    out += '"' + nameOf(*edge.from) + "\" -> \"" + nameOf(*edge.to) + '"';
    if (edge.data.from_port || edge.data.to_port || edge.data.type)
      put(out, " [label=\"port %u to %u, type %u\"]", edge.data.from_port, edge.data.to_port, edge.data.type);
    out += ";\n";
  }
}

}  // namespace

std::string Graph::dot(bool verbose) const {
  std::string out = "digraph dot {\n";
  writeBelow(out, *this, "graph_" + std::to_string(impl_->serial), verbose);
  out += "}\n";
  return out;
}

}  // namespace cutrans::runtime
