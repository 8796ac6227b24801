// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Who goes where: the ways of a wave, and the waves of the blocks by turns.
#include "tests/amdgpu/waves/wave.h"

#include <memory>

namespace cutrans::waves {
namespace {

std::string text(const llvm::Instruction &instruction) {
  std::string result;
  llvm::raw_string_ostream(result) << instruction;
  return result;
}

constexpr unsigned kTurn = 4000;  // steps

}  // namespace

Wave::Wave(Program &program, const Launch &launch, BlockState &block, uint32_t firstThread)
    : program_(program), launch_(launch), block_(block), first_(firstThread), registers_(size_t{program.registers} * program.wave, 0xa5a5a5a5a5a5a5a5ull),
      private_(size_t{program.privateBytes} * program.wave, 0xa5) {
  const uint32_t threads = launch.block[0] * launch.block[1] * launch.block[2], here = std::min(threads - firstThread, program.wave);
  lanes_ = here == 64 ? ~uint64_t{0} : (uint64_t{1} << here) - 1;
  ways_.push_back({lanes_, 0, 0, kNowhere});
  const auto arguments = reinterpret_cast<uint64_t>(launch.arguments);
  for (size_t i = 0; i < program.arguments.size(); ++i)
    eachLane([&](unsigned lane) { at(program.arguments[i], lane) = arguments + (i + 1 == program.arguments.size() ? launch.launchOffset : 0); });
}

// Phis are written where the edge is taken, all from what was before.
void Wave::take(const Edge &edge, uint64_t lanes) {
  std::swap(lanes, lanes_);
  size_t words = 0;
  for (const Edge::Copy &copy : edge.copies) words += copy.from.shape->words;
  scratch_.resize(words);
  eachLane([&](unsigned lane) {
    uint64_t *place = scratch_.data();
    for (const Edge::Copy &copy : edge.copies) gather(copy.from, lane, place), place += copy.from.shape->words;
    place = scratch_.data();
    for (const Edge::Copy &copy : edge.copies)
      for (uint32_t i = 0; i < copy.from.shape->words; ++i) at(copy.to + i, lane) = *place++;
  });
  std::swap(lanes, lanes_);
}

void Wave::branch(const Step &step) {
  std::vector<uint64_t> takes(step.edges.size());
  if (auto *cases = llvm::dyn_cast<llvm::SwitchInst>(step.ir)) {
    eachLane([&](unsigned lane) {
      const uint64_t value = get(step.operands[0], lane);
      unsigned successor = 0;
      for (auto &one : cases->cases())
        if (one.getCaseValue()->getZExtValue() == value) successor = one.getSuccessorIndex();
      takes[successor] |= uint64_t{1} << lane;
    });
  } else if (step.edges.size() == 1) {
    takes[0] = lanes_;
  } else {
    eachLane([&](unsigned lane) { takes[get(step.operands[0], lane) & 1 ? 0 : 1] |= uint64_t{1} << lane; });
  }
  // Edges to one block are one way.
  for (size_t i = 0; i < takes.size(); ++i) take(step.edges[i], takes[i]);
  for (size_t i = 0; i < takes.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (step.edges[i].block == step.edges[j].block) takes[j] |= takes[i], takes[i] = 0;
  const uint32_t meets = program_.blocks[ways_.back().block].meets;
  for (size_t i = 0; i < takes.size(); ++i)
    if (takes[i] == lanes_) {
      ways_.back().block = step.edges[i].block, ways_.back().step = 0;
      return;
    }
  // What was one way goes on where they meet; if that is where it ends anyway, or nowhere, it is no more.
  const uint32_t stop = meets == kNowhere ? kNowhere : meets;
  ways_.back().block = meets, ways_.back().step = 0;
  if (meets == kNowhere || meets == ways_.back().stop) ways_.pop_back();
  for (size_t n = 0; n < takes.size(); ++n) {
    const size_t i = launch_.lastWayFirst ? n : takes.size() - 1 - n;  // the last one put here goes first
    if (takes[i] && step.edges[i].block != stop) ways_.push_back({takes[i], step.edges[i].block, 0, stop});
  }
}

void Wave::end(uint64_t lanes) {
  for (Way &way : ways_) way.lanes &= ~lanes;
}

void Wave::terminate(const Step &step) {
  switch (step.opcode) {
    case llvm::Instruction::Br:
    case llvm::Instruction::Switch: return branch(step);
    case llvm::Instruction::Ret: return end(lanes_);
    default: throw Stop{"comes to" + text(*step.ir)};
  }
}

void Wave::run(unsigned steps) {
  state = State::Ready;
  yields_ = false;
  for (; steps && !yields_; --steps) {
    while (!ways_.empty() && (!ways_.back().lanes || ways_.back().block == ways_.back().stop)) ways_.pop_back();
    if (ways_.empty()) return void(state = State::Ended);
    Way &way = ways_.back();
    lanes_ = way.lanes;
    const Step &step = program_.blocks[way.block].steps[way.step];
    if (step.ir->isTerminator()) {
      terminate(step);
      continue;
    }
    ++way.step;
    if (arithmetic(step) || access(step)) continue;
    if (step.opcode == llvm::Instruction::Call && (chipOperation(step) || copyBytes(step))) {
      if (state == State::Barrier) return;
      continue;
    }
    byConstants(step);
  }
}

std::string run(Program &program, const Launch &launch) {
  if (!program.problem.empty()) return program.problem;
  struct Running {
    BlockState state;
    std::vector<std::unique_ptr<Wave>> waves;
  };
  uint64_t steps = 0;
  std::vector<std::unique_ptr<Running>> blocks;
  const uint32_t threads = launch.block[0] * launch.block[1] * launch.block[2];
  auto turns = [&] {
    for (bool left = true; left;) {
      left = false;
      for (auto &block : blocks) {
        bool waits = true;
        for (auto &wave : block->waves) {
          if (wave->state == Wave::State::Ready) wave->run(kTurn), steps += kTurn;
          left |= wave->state != Wave::State::Ended;
          waits &= wave->state != Wave::State::Ready;
        }
        // A wave that has ended counts as one that came.
        if (waits)
          for (auto &wave : block->waves)
            if (wave->state == Wave::State::Barrier) wave->state = Wave::State::Ready;
      }
      if (steps > launch.mostSteps) throw Stop{"it hangs"};
    }
    blocks.clear();
  };
  try {
    for (uint32_t z = 0; z < launch.grid[2]; ++z)
      for (uint32_t y = 0; y < launch.grid[1]; ++y)
        for (uint32_t x = 0; x < launch.grid[0]; ++x) {
          blocks.push_back(std::make_unique<Running>());
          Running &made = *blocks.back();
          made.state = {{x, y, z}, std::vector<uint8_t>(launch.sharedBytes, 0xa5)};
          for (uint32_t first = 0; first < threads; first += program.wave)
            made.waves.push_back(std::make_unique<Wave>(program, launch, made.state, first));
          if (!launch.together) turns();
        }
    turns();
  } catch (const Stop &stop) {
    return stop.why;
  }
  return "";
}

}  // namespace cutrans::waves
