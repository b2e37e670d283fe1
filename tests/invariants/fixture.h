// The suite of invariants: one parameter per line of the registry and its variants, so that a new model is tested by
// its line alone. Every test runs every graph of the model with random numbers in all its inputs, bound ones included.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "models/registry.h"
#include "runtime/program.h"
#include "runtime/script.h"

namespace longtake::invariants {

struct Subject {
  const models::Entry* entry;
  const models::Variant* variant = nullptr;
};

// The model of a registry line at its tiny options, with random weights that are nowhere all zero.
std::shared_ptr<const graph::Model> tiny_model(const Subject& subject);

class Invariants : public testing::TestWithParam<Subject> {
 protected:
  void SetUp() override { model_ = tiny_model(GetParam()); }

  const std::vector<graph::Graph>& graphs() const { return model_->graphs; }
  // Runs on one thread.
  std::unique_ptr<runtime::Program> program(const graph::Graph& graph) const;

  std::shared_ptr<const graph::Model> model_;
};

// Scripts with and without held ticks, sequences cut short and inputs that are absent.
std::vector<test::Script> scripts(const graph::Plan& plan, std::int64_t ticks = 24, std::int64_t streams = 3);

// Random chunk lengths that add up to at least `ticks`.
std::vector<std::int64_t> random_lengths(std::int64_t ticks, std::uint32_t seed);

// `lengths`, or one chunk for all where sequences must be whole.
std::vector<std::int64_t> lengths_for(const graph::Plan& plan, const test::Script& script,
                                      std::vector<std::int64_t> lengths);

// The ticks of one stream between two starts of a sequence: [begin, end).
struct Video {
  std::int64_t stream = 0, begin = 0, end = 0;
};
std::vector<Video> videos_of(const test::Script& script);

// One stream of the script, without the ticks at which it is held.
test::Script without_holds(const test::Script& script, std::int64_t stream);

// A script in which each stream is one video of the given number of frames, beginning at tick 0, then flushed and
// ended.
test::Script videos_of_lengths(const graph::Plan& plan, const std::vector<std::int64_t>& frames);

// Bit for bit: the same results, and the same state afterwards.
void expect_same(const test::Run& actual, const test::Run& expected);
void expect_same(const test::Results& actual, const test::Results& expected);

// |actual - expected| <= 1e-5 + 1e-4 |expected| for floating-point numbers, equality for others.
void expect_close(const test::Results& actual, const test::Results& expected);
void expect_close(const State& actual, const State& expected);

}  // namespace longtake::invariants
