// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a graph to a plan: nodes in order, child graphs in place of their nodes, work as operations.
#include "plan.h"

#include <algorithm>
#include <queue>

#include "../checked.h"
#include "../child_queue.h"
#include "../kernel.h"
#include "cutrans/runtime/array.h"

namespace cutrans::runtime {
namespace {

using Trouble = GraphExec::Trouble;

// Bodies run on one queue.
bool leaves(const Step &step, const Context &context) { return (step.context && step.context != &context) || step.far; }

void setContext(Step &step, Context &context) {
  step.context = &context;
  step.context_id = context.id();
}

Status fillIn(const KernelWork &work, Step &step) {
  if (Kernel::find(work.kernel) != work.kernel) return Code::invalid_handle;
  Kernel &kernel = *work.kernel;
  if (Status healthy = kernel.module().context().check(); !healthy.ok()) return healthy;
  if (work.arguments.size() != kernel.info().params_size) return Code::invalid_value;
  if (Status ready = prepareLaunch(kernel, work.shape, step.launch); !ready.ok()) return ready;
  setContext(step, kernel.module().context());
  step.kernel = &kernel;
  step.kernel_serial = KernelAccess::state(kernel).serial;
  step.shape = work.shape;
  step.params = work.arguments;
  return {};
}

Status fillIn(const CopyWork &work, Step &step) {
  if (Status healthy = work.context->check(); !healthy.ok()) return healthy;
  Result<Copy> resolved = resolveCopy(work);
  if (!resolved.ok()) return resolved.status();
  Result<CheckedCopy> checked = checkCopy(*resolved);
  if (!checked.ok()) return checked.status();
  if (checked->bytes == 0) {
    step.kind = NodeKind::empty;
    return {};
  }
  setContext(step, *work.context);
  step.copy = checked->box;
  if (!needsHost(work.context->device(), *checked)) return {};
  // The other device's primary context has the source: its memory could not have been named otherwise.
  step.far = &checked->src.device->primary();
  step.staging = std::make_shared<std::byte[]>(checked->bytes);
  step.far_copy = step.copy;
  step.far_copy.dst = step.copy.src = reinterpret_cast<Address>(step.staging.get());
  step.far_copy.dst_side = step.copy.src_side = CT_SIDE_HOST;
  step.far_copy.dst_pitch = step.copy.src_pitch = step.copy.width;
  step.far_copy.dst_slice = step.copy.src_slice = step.copy.width * step.copy.height;
  return {};
}

Status fillIn(const FillWork &work, Step &step) {
  if (Status healthy = work.context->check(); !healthy.ok()) return healthy;
  Result<CheckedFill> checked = checkFill(work.fill);
  if (!checked.ok()) return checked.status();
  if (checked->bytes == 0) step.kind = NodeKind::empty;
  setContext(step, *work.context);
  step.fill = checked->box;
  return {};
}

Status fillIn(const WordsWork &work, Step &step) {
  if (Status healthy = work.context->check(); !healthy.ok()) return healthy;
  for (const WordOperation &operation : work.operations) {
    Result<ct_word> word = checkWord(work.context->device(), operation);
    if (!word.ok()) return word.status();
    step.words.push_back(*word);
    step.word_waits.push_back(operation.kind == WordOperation::Kind::wait);
  }
  setContext(step, *work.context);
  return {};
}

template <class Work>
Status fillSemaphores(const Work &work, Step &step) {
  if (Status right = checkSemaphores(work); !right.ok()) return right;
  WordList list = wordsOf(work);
  step.words = std::move(list.words);
  step.word_waits = std::move(list.waits);
  step.shared_words = std::move(list.kept);
  step.semaphores = work.semaphores;
  return {};
}
Status fillIn(const SignalWork &work, Step &step) { return fillSemaphores(work, step); }
Status fillIn(const AwaitWork &work, Step &step) { return fillSemaphores(work, step); }

Status fillIn(const HostWork &work, Step &step) {
  step.host = work;
  return {};
}

Status fillEvent(Event *event, Step &step) {
  if (Event::find(event) != event) return Code::invalid_handle;
  step.event = event;
  return {};
}
Status fillIn(const RecordWork &work, Step &step) {
  Status known = fillEvent(work.event, step);
  if (known.ok()) setContext(step, work.event->context());
  return known;
}
Status fillIn(const WaitWork &work, Step &step) { return fillEvent(work.event, step); }

// Nothing to run: a child's nodes are steps of their own; memory was there all the time; makeCore sees to conditions.
Status fillIn(const ChildWork &, Step &) { return {}; }
Status fillIn(const EmptyWork &, Step &) { return {}; }
Status fillIn(const AllocWork &, Step &) { return {}; }
Status fillIn(const FreeWork &, Step &) { return {}; }
Status fillIn(const ConditionalWork &, Step &) { return {}; }

}  // namespace

Status makeStep(const NodeWork &work, Step &step) {
  step.kind = static_cast<NodeKind>(work.index());
  return std::visit([&](const auto &each) { return fillIn(each, step); }, work);
}

bool ExecCore::fits(ExecNode &node, const Step &step) {
  const ExecGraph &owner = planOwner(*node.graph);
  return !owner.owner || !leaves(step, *writable(*owner.owner->graph).steps[owner.owner->step].context);
}

void ExecCore::put(ExecNode &node, Step step) {
  Plan &plan = writable(*node.graph);
  staged |= step.staging != nullptr;
  shared_words.insert(step.shared_words.begin(), step.shared_words.end());
  step.enabled = node.enabled;
  Step &old = plan.steps[node.step];
  // An operation points into its step: where only the content changes, the plan stays as it is.
  const bool content = old.kind == step.kind && old.context == step.context && old.kernel == step.kernel && !old.far && !step.far &&
                       (old.kind == NodeKind::kernel || old.kind == NodeKind::copy || old.kind == NodeKind::fill);
  if (!content) plan.compiled = false;
  if (old.staging) replaced_staging.push_back(std::move(old.staging));
  old = std::move(step);
  old.launch.params = old.params.data();
}

// Places in the graph, each after all that precede it.
static std::vector<size_t> order(const ExecGraph &graph) {
  // The earliest of those that may come next: programs add nodes in an order that makes sense.
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  std::vector<size_t> open, result;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    open.push_back(graph.nodes[i].before.size());
    if (open[i] == 0) ready.push(i);
  }
  while (!ready.empty()) {
    const size_t next = ready.top();
    ready.pop();
    result.push_back(next);
    for (size_t after : graph.nodes[next].after)
      if (--open[after] == 0) ready.push(after);
  }
  return result;
}

// ---- the core --------------------------------------------------------------------------------------------------

namespace {

class Maker {
 public:
  Maker(ExecCore &core, GraphExec::Report &report) : core_(core), report_(report) {}

  // The nodes of a graph and all below it.
  void read(const Graph &graph, ExecGraph &into) {
    const Graph::State &state = GraphAccess::state(graph);
    core_.objects.add(state.objects);
    for (const auto &condition : state.conditions) core_.conditions.push_back(condition);
    for (const auto &[address, use] : state.memory) memory_.push_back(use);
    std::unordered_map<const GraphNode *, size_t> places;
    into.nodes = std::vector<ExecNode>(graph.nodes().size());
    for (size_t i = 0; i < graph.nodes().size(); ++i) places[graph.nodes()[i]] = i;
    for (size_t i = 0; i < into.nodes.size(); ++i) {
      const GraphNode &node = *graph.nodes()[i];
      ExecNode &mine = into.nodes[i];
      mine.serial = GraphAccess::serial(node);
      mine.node = &node;
      mine.work = node.work();
      mine.graph = &into;
      for (const Dependency &before : node.dependencies()) mine.before.push_back(places[before.node]);
      for (const Dependency &after : node.dependents()) mine.after.push_back(places[after.node]);
      core_.by_serial[mine.serial] = &mine;
      if (const auto *child = std::get_if<ChildWork>(&node.work())) readBelow(*child->graph, mine, false);
      if (const auto *conditional = std::get_if<ConditionalWork>(&node.work()))
        for (const Graph *body : conditional->bodies) readBelow(*body, mine, true);
    }
  }

  Status plan(ExecGraph &graph, Plan &plan, Context *only) {
    for (size_t place : order(graph)) {
      ExecNode &node = graph.nodes[place];
      if (only && !mayBeInBody(node.work)) return fail(node, Trouble::unsupported, Code::unsupported);
      node.step = plan.steps.size();
      Step step;
      if (Status made = makeStep(node.work, step); !made.ok()) return fail(node, Trouble::error, made);
      if (only && leaves(step, *only)) return fail(node, Trouble::multiple_contexts, Code::invalid_value);
      core_.staged |= step.staging != nullptr;
      core_.shared_words.insert(step.shared_words.begin(), step.shared_words.end());
      if (node.below.empty()) {
        plan.steps.push_back(std::move(step));
      } else if (!node.below.front()->is_body) {
        plan.steps.push_back({});
        if (Status below = this->plan(*node.below.front(), plan, only); !below.ok()) return below;
      } else if (Status bodies = planBodies(node, step); bodies.ok()) {
        plan.steps.push_back(std::move(step));
      } else {
        return bodies;
      }
    }
    return {};
  }

  // Every condition has its node, and starts each launch with its value.
  Status conditions(Plan &plan) {
    for (const auto &condition : core_.conditions) {
      if (!used_.contains(condition.get())) {
        report_.trouble = Trouble::conditional;
        return Code::invalid_value;
      }
      if (!condition->reset) continue;
      Step step;
      step.kind = NodeKind::fill;
      setContext(step, *condition->context);
      step.fill = {sizeof(ct_fill), 4, condition->address, condition->initial, 1, 1, 4};
      plan.steps.push_back(std::move(step));
    }
    return {};
  }

  void memory() {
    auto &[kept, own, foreign] = core_.memory;
    for (const MemoryUse &use : memory_) {
      if (!use.allocates) continue;
      const bool freed = use.freed || std::ranges::any_of(memory_, [&](const MemoryUse &other) { return !other.allocates && other.memory == use.memory; });
      (freed ? own : kept).push_back(use.memory);
    }
    for (const MemoryUse &use : memory_)
      if (!use.allocates && std::ranges::find(own, use.memory) == own.end()) foreign.push_back(use.memory);
  }

  // Which conditions have a node; before conditions().
  void findUsed(const ExecGraph &graph) {
    for (const ExecNode &node : graph.nodes) {
      if (const auto *conditional = std::get_if<ConditionalWork>(&node.work)) used_[find(conditional->handle).get()] = true;
      for (const auto &below : node.below) findUsed(*below);
    }
  }

 private:
  void readBelow(const Graph &graph, ExecNode &owner, bool body) {
    owner.below.push_back(std::make_unique<ExecGraph>());
    ExecGraph &below = *owner.below.back();
    below.owner = &owner;
    below.body = owner.below.size() - 1;
    below.is_body = body;
    read(graph, below);
  }

  static bool mayBeInBody(const NodeWork &work) {
    switch (static_cast<NodeKind>(work.index())) {
      case NodeKind::kernel:
      case NodeKind::copy:
      case NodeKind::fill:
      case NodeKind::child:
      case NodeKind::empty:
      case NodeKind::conditional: return true;
      default: return false;
    }
  }

  std::shared_ptr<Condition> find(Address handle) const {
    auto found = std::ranges::find(core_.conditions, handle, [](const auto &condition) { return condition->address; });
    return found == core_.conditions.end() ? nullptr : *found;
  }

  Status planBodies(ExecNode &node, Step &step) {
    const auto &work = std::get<ConditionalWork>(node.work);
    std::shared_ptr<Condition> condition = find(work.handle);
    if (!condition) return fail(node, Trouble::conditional, Code::invalid_value);
    Context &context = *condition->context;
    if (!alive(context, condition->context_id)) return fail(node, Trouble::error, Code::invalid_context);
    Result<Queue *> queue = Queue::create(context, Queue::kNonBlocking, 0);
    if (!queue.ok()) return fail(node, Trouble::error, queue.status());
    step.bodies.condition = condition;
    step.bodies.kind = work.kind;
    step.bodies.queue = {*queue, [id = (*queue)->id()](Queue *own) {
                           // The context may have taken it along.
                           if (Queue::find(own) == own && own->id() == id) (void)own->destroy();
                         }};
    setContext(step, context);
    for (auto &below : node.below) {
      step.bodies.plans.push_back(std::make_shared<Plan>());
      if (Status body = plan(*below, *step.bodies.plans.back(), &context); !body.ok()) return body;
    }
    return {};
  }

  Status fail(const ExecNode &node, Trouble trouble, Status status) {
    report_ = {trouble, node.node, nullptr};
    return status;
  }

  ExecCore &core_;
  GraphExec::Report &report_;
  std::vector<MemoryUse> memory_;
  std::unordered_map<const Condition *, bool> used_;
};

}  // namespace

std::shared_ptr<ExecCore> readCore(const Graph &graph) {
  auto core = std::make_shared<ExecCore>();
  GraphExec::Report none;
  Maker maker(*core, none);
  maker.read(graph, core->graph);
  maker.memory();
  return core;
}

Status planCore(ExecCore &core, GraphExec::Report &report) {
  Maker maker(core, report);
  maker.findUsed(core.graph);
  if (Status known = maker.conditions(core.plan); !known.ok()) return known;
  return maker.plan(core.graph, core.plan, nullptr);
}

Plan &ExecCore::writable(ExecGraph &graph) {
  ExecGraph &owner = planOwner(graph);
  if (!owner.owner) return plan;
  Plan &outer = writable(*owner.owner->graph);
  std::shared_ptr<Plan> &mine = outer.steps[owner.owner->step].bodies.plans[owner.body];
  if (mine.use_count() > 1) mine = std::make_shared<Plan>(*mine);
  std::atomic_thread_fence(std::memory_order_acquire);  // a launch that has just let go of it has read it to the end
  return *mine;
}

// ---- operations ------------------------------------------------------------------------------------------------

void Plan::compile() {
  if (!compiled) compileSteps();
  for (size_t i : conditionals)
    for (const auto &body : steps[i].bodies.plans) body->compile();
}

void Plan::compileSteps() {
  operations.clear();
  segments.clear();
  kernels.clear();
  events.clear();
  conditionals.clear();
  semaphores.clear();
  operation_of.assign(steps.size(), kNoOperation);
  releases = kNotLooked;
  auto segmentFor = [&](Context *context, uint64_t id, Segment::Sort sort) -> Segment & {
    if (!segments.empty()) {
      Segment &last = segments.back();
      if (sort == Segment::Sort::batch && last.sort == sort && (!context || !last.context || last.context == context)) {
        if (!last.context) last.context = context, last.context_id = id;
        return last;
      }
      // What runs anywhere stays where the one before was.
      if (!context) context = last.context, id = last.context_id;
    }
    return segments.emplace_back(Segment{sort, context, id, operations.size(), 0});
  };
  for (size_t i = 0; i < steps.size(); ++i) {
    Step &step = steps[i];
    if (!step.enabled) continue;
    auto add = [&](Context *context, const ct_operation &operation) {
      const uint64_t id = context == step.context ? step.context_id : context->id();
      Segment &segment = segmentFor(context, id, Segment::Sort::batch);
      ++segment.count;
      operation_of[i] = operations.size();
      operations.push_back(operation);
    };
    ct_operation operation{};
    switch (step.kind) {
      case NodeKind::kernel:
        kernels.push_back(i);
        if (recordsChildren(*step.kernel)) {
          segmentFor(step.context, step.context_id, Segment::Sort::kernel_with_children).first = i;
          break;
        }
        step.launch.params = step.params.data();
        operation.kind = CT_OPERATION_LAUNCH;
        operation.u.launch = &step.launch;
        add(step.context, operation);
        break;
      case NodeKind::copy:
        operation.kind = CT_OPERATION_COPY;
        if (step.far) {
          operation.u.copy = &step.far_copy;
          add(step.far, operation);
        }
        operation.u.copy = &step.copy;
        add(step.context, operation);
        if (step.far) operation_of[i] = kNoOperation;
        break;
      case NodeKind::fill:
        operation.kind = CT_OPERATION_FILL;
        operation.u.fill = &step.fill;
        add(step.context, operation);
        break;
      case NodeKind::host:
        segmentFor(nullptr, 0, Segment::Sort::host).first = i;
        break;
      case NodeKind::record:
      case NodeKind::wait:
        events.push_back(i);
        operation.kind = step.kind == NodeKind::record ? CT_OPERATION_RECORD : CT_OPERATION_WAIT;
        operation.u.event = EventAccess::handle(*step.event);
        add(step.context, operation);
        break;
      case NodeKind::signal:
      case NodeKind::await:
        semaphores.push_back(i);
        [[fallthrough]];
      case NodeKind::words:
        for (size_t w = 0; w < step.words.size(); ++w) {
          operation.kind = step.word_waits[w] ? CT_OPERATION_WAIT_WORD : CT_OPERATION_WRITE_WORD;
          operation.u.word = &step.words[w];
          add(step.context, operation);
        }
        operation_of[i] = kNoOperation;
        break;
      case NodeKind::conditional:
        conditionals.push_back(i);
        segmentFor(step.context, step.context_id, Segment::Sort::conditional).first = i;
        break;
      case NodeKind::child:
      case NodeKind::empty:
      case NodeKind::alloc:
      case NodeKind::free: break;
    }
  }
  operations.push_back({CT_OPERATION_RECORD, {}});
  compiled = true;
}

Status Plan::check() {
  for (const Segment &segment : segments)
    if (segment.context) {
      if (!alive(*segment.context, segment.context_id)) return Code::invalid_context;
      if (Status healthy = segment.context->check(); !healthy.ok()) return healthy;
    }
  if (const uint64_t now = KernelAccess::releases(); now != releases) {
    for (size_t i : kernels) {
      Kernel *kernel = steps[i].kernel;
      if (Kernel::find(kernel) != kernel || KernelAccess::state(*kernel).serial != steps[i].kernel_serial) return Code::invalid_handle;
    }
    releases = now;
  }
  for (size_t i : events) {
    Event *event = steps[i].event;
    if (Event::find(event) != event) return Code::invalid_handle;
    operations[operation_of[i]].u.event = EventAccess::handle(*event);
  }
  for (size_t i : semaphores)
    for (size_t s = 0; s < steps[i].semaphores.size(); ++s) {
      const Semaphore *semaphore = Semaphore::find(steps[i].semaphores[s]);
      if (!semaphore || SemaphoreAccess::word(*semaphore) != steps[i].shared_words[s]) return Code::invalid_handle;
    }
  for (size_t i : conditionals)
    for (const auto &body : steps[i].bodies.plans)
      // One that a launch is using was right when that began, and it is not written to.
      if (body.use_count() == 1)
        if (Status right = body->check(); !right.ok()) return right;
  return {};
}

}  // namespace cutrans::runtime
