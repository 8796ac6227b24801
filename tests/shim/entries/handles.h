// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handles that both APIs make by calls of the same form: live ones, and ones that are not alive any more. Who includes this names
// the types of its API before, and defines API(name): cudaName, cuName.
#pragma once
#include "arguments.h"
#include "tests/shim/semaphore_file.h"

namespace entries {
namespace {

constexpr const char *kPtx = ".version 8.0\n.target sm_75\n.address_size 64\n.visible .entry nothing() { ret; }\n";

// Made once in a child; never released, the child ends soon.
template <class Make>
auto once(Make make) {
  static const auto made = make();
  return made;
}

// For what is made and ended by one call each: `make` and `end` of Made<T>.
template <class T>
struct Made;
template <class T>
struct OfOneCall {
  static T live() { return once(Made<T>::make); }
  static T stale() {
    T made = Made<T>::make();
    Made<T>::end(made);
    return made;
  }
};

template <>
struct Made<CodeLibrary> {
  static CodeLibrary make() {
    CodeLibrary library = nullptr;
    API(LibraryLoadData)(&library, kPtx, nullptr, nullptr, 0, nullptr, nullptr, 0);
    return library;
  }
  static void end(CodeLibrary library) { API(LibraryUnload)(library); }
};
template <>
struct Made<Graph> {
  static Graph make() {
    Graph graph = nullptr;
    API(GraphCreate)(&graph, 0);
    return graph;
  }
  static void end(Graph graph) { API(GraphDestroy)(graph); }
};
template <>
struct Made<GraphNode> {
  static GraphNode make() {
    GraphNode node = nullptr;
    API(GraphAddEmptyNode)(&node, OfOneCall<Graph>::live(), nullptr, 0);
    return node;
  }
  static void end(GraphNode node) { API(GraphDestroyNode)(node); }
};
template <>
struct Made<GraphExec> {
  static GraphExec make() {
    GraphExec exec = nullptr;
    API(GraphInstantiateWithFlags)(&exec, OfOneCall<Graph>::live(), 0);
    return exec;
  }
  static void end(GraphExec exec) { API(GraphExecDestroy)(exec); }
};
template <>
struct Made<UserObject> {
  static UserObject make() {
    UserObject object = nullptr;
    API(UserObjectCreate)(&object, nullptr, [](void *) {}, 1, 1);
    return object;
  }
  static void end(UserObject object) { API(UserObjectRelease)(object, 1); }
};
template <>
struct Made<Semaphore> {
  static Semaphore make() {
    shim_test::SemaphoreFile file(CUTRANS_SEMAPHORE_TIMELINE);
    SemaphoreDescription wanted{};
    wanted.type = kTimelineFile;
    wanted.handle.fd = file.duplicate();
    Semaphore semaphore = nullptr;
    API(ImportExternalSemaphore)(&semaphore, &wanted);
    return semaphore;
  }
  static void end(Semaphore semaphore) { API(DestroyExternalSemaphore)(semaphore); }
};

}  // namespace

template <>
struct Good<CodeLibrary> : OfOneCall<CodeLibrary> {};
template <>
struct Good<Graph> : OfOneCall<Graph> {};
template <>
struct Good<GraphNode> : OfOneCall<GraphNode> {};
template <>
struct Good<GraphExec> : OfOneCall<GraphExec> {};
template <>
struct Good<UserObject> : OfOneCall<UserObject> {};
template <>
struct Good<Semaphore> : OfOneCall<Semaphore> {};
template <>
struct Good<Kernel> {
  static Kernel of(CodeLibrary library) {
    Kernel kernel = nullptr;
    API(LibraryGetKernel)(&kernel, library, "nothing");
    return kernel;
  }
  static Kernel live() { return of(Good<CodeLibrary>::live()); }
  static Kernel stale() {
    CodeLibrary library = Made<CodeLibrary>::make();
    Kernel kernel = of(library);
    Made<CodeLibrary>::end(library);
    return kernel;
  }
};

}  // namespace entries
