#include "invariants/fixture.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include "base/random.h"

namespace longtake::invariants {

namespace {

constexpr double kAbsolute = 1e-5, kRelative = 1e-4;

// Zeros, and the small weights some papers begin with, would hide errors. Statistics stay positive.
void disturb(graph::Model& model) {
  std::uint64_t index = 0;
  for (const graph::Parameter& parameter : model.parameters) {
    Random random(11, index++);
    for (float& value : model.weights.at(parameter.name).data<float>()) {
      value += static_cast<float>(random.uniform(parameter.trainable ? -0.3 : 0.0, 0.3));
    }
  }
}

std::string describe(const test::Results::key_type& key) {
  const auto& [output, tick, stream] = key;
  return output + " at tick " + std::to_string(tick) + " of stream " + std::to_string(stream);
}

}  // namespace

std::shared_ptr<const graph::Model> tiny_model(const Subject& subject) {
  const Options options = models::tiny_options(*subject.entry, subject.variant);
  auto model =
      std::make_shared<graph::Model>(models::build(options, {subject.entry->tiny_input, {"left", "right", "up"}}));
  options.check_all_used();
  graph::initialise(*model, 7);
  disturb(*model);
  return model;
}

std::unique_ptr<runtime::Program> Invariants::program(const graph::Graph& graph) const {
  return std::make_unique<runtime::Program>(model_, graph.name);
}

std::vector<test::Script> scripts(const graph::Plan& plan, std::int64_t ticks, std::int64_t streams) {
  std::vector<test::Script> scripts;
  for (const std::uint32_t seed : {1, 2, 3, 4}) {
    scripts.push_back(test::make_script(
        plan, {.ticks = ticks, .streams = streams, .holds = seed % 2 == 0, .gaps = seed > 2, .seed = seed}));
  }
  return scripts;
}

std::vector<std::int64_t> random_lengths(std::int64_t ticks, std::uint32_t seed) {
  Random random(seed);
  std::vector<std::int64_t> lengths;
  for (std::int64_t sum = 0; sum < ticks; sum += lengths.back()) {
    lengths.push_back(1 + static_cast<std::int64_t>(random.below(8)));
  }
  return lengths;
}

std::vector<std::int64_t> lengths_for(const graph::Plan& plan, const test::Script& script,
                                      std::vector<std::int64_t> lengths) {
  return plan.whole_sequences ? std::vector{script.ticks} : std::move(lengths);
}

std::vector<Video> videos_of(const test::Script& script) {
  std::vector<Video> videos;
  for (std::int64_t s = 0; s < script.streams; ++s) {
    std::int64_t begin = 0;
    for (std::int64_t t = 1; t <= script.ticks; ++t) {
      if (t < script.ticks && (script.flags[t * script.streams + s] & graph::kReset) == 0) continue;
      videos.push_back({s, begin, t});
      begin = t;
    }
  }
  return videos;
}

test::Script without_holds(const test::Script& script, std::int64_t stream) {
  test::Script out;
  out.streams = 1;
  out.inputs.resize(script.inputs.size());
  for (std::int64_t t = 0; t < script.ticks; ++t) {
    const std::uint8_t flag = script.flags[t * script.streams + stream];
    if (flag == 0) continue;
    for (std::size_t i = 0; i < script.inputs.size(); ++i) {
      const auto row = script.inputs[i].find({static_cast<int>(t), static_cast<int>(stream)});
      if (row != script.inputs[i].end()) out.inputs[i][{static_cast<int>(out.ticks), 0}] = row->second;
    }
    out.flags.push_back(flag);
    ++out.ticks;
  }
  return out;
}

test::Script videos_of_lengths(const graph::Plan& plan, const std::vector<std::int64_t>& frames) {
  test::Script script;
  script.streams = static_cast<std::int64_t>(frames.size());
  script.ticks = *std::max_element(frames.begin(), frames.end()) + plan.lag;
  script.flags.assign(script.ticks * script.streams, 0);
  script.inputs.resize(plan.graph->inputs.size());
  for (std::int64_t s = 0; s < script.streams; ++s) {
    // A stream's numbers depend on nothing but its place, so that the same video comes with others of any length.
    std::mt19937 random(static_cast<std::uint32_t>(100 + s));
    for (std::int64_t t = 0; t < frames[s] + plan.lag; ++t) {
      std::uint8_t flag = t < frames[s] ? graph::kActive : graph::kFlush;
      if (t == 0) flag |= graph::kReset;
      if (t == frames[s] + plan.lag - 1) flag |= graph::kEnd;
      script.flags[t * script.streams + s] = flag;
      for (std::size_t i = 0; t < frames[s] && i < script.inputs.size(); ++i) {
        const graph::ValueId input = plan.graph->inputs[i];
        if (t > 0 && plan.graph->producer(input).attribute<bool>("once")) continue;
        script.inputs[i][{static_cast<int>(t), static_cast<int>(s)}] =
            test::random_floats(element_count(plan.shape(input)), random);
      }
    }
  }
  return script;
}

void expect_same(const test::Results& actual, const test::Results& expected) {
  EXPECT_EQ(actual.size(), expected.size());
  for (const auto& [key, value] : expected) {
    const auto found = actual.find(key);
    ASSERT_NE(found, actual.end()) << describe(key);
    ASSERT_EQ(found->second.first, value.first) << describe(key);
    ASSERT_EQ(found->second.second, value.second) << describe(key);
  }
}

void expect_same(const test::Run& actual, const test::Run& expected) {
  expect_same(actual.results, expected.results);
  for (const auto& [name, tensor] : expected.state.tensors()) EXPECT_EQ(actual.state.at(name), tensor) << name;
  EXPECT_EQ(actual.state, expected.state);
}

void expect_close(const test::Results& actual, const test::Results& expected) {
  EXPECT_EQ(actual.size(), expected.size());
  for (const auto& [key, value] : expected) {
    const auto found = actual.find(key);
    ASSERT_NE(found, actual.end()) << describe(key);
    ASSERT_EQ(found->second.first, value.first) << describe(key);
    for (std::size_t i = 0; i < value.second.size(); ++i) {
      const double wanted = value.second[i];
      ASSERT_NEAR(found->second.second[i], wanted, kAbsolute + kRelative * std::abs(wanted)) << describe(key);
    }
  }
}

void expect_close(const State& actual, const State& expected) {
  ASSERT_EQ(actual.tensors().size(), expected.tensors().size());
  for (const auto& [name, tensor] : expected.tensors()) {
    const Tensor& other = actual.at(name);
    ASSERT_EQ(other.shape(), tensor.shape()) << name;
    if (tensor.dtype() != DType::kFloat32) {
      EXPECT_EQ(other, tensor) << name;
      continue;
    }
    for (std::int64_t i = 0; i < tensor.count(); ++i) {
      const double wanted = tensor.data<float>()[i];
      ASSERT_NEAR(other.data<float>()[i], wanted, kAbsolute + kRelative * std::abs(wanted)) << name;
    }
  }
}

namespace {

std::vector<Subject> subjects() {
  std::vector<Subject> subjects;
  for (const models::Entry& entry : models::registry()) {
    subjects.push_back({&entry});
    for (const models::Variant& variant : entry.variants) subjects.push_back({&entry, &variant});
  }
  return subjects;
}

std::string name_of(const testing::TestParamInfo<Subject>& info) {
  const auto& [entry, variant] = info.param;
  return variant == nullptr ? entry->name : std::string(entry->name) + "_" + variant->name;
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Registry, Invariants, testing::ValuesIn(subjects()), name_of);

}  // namespace longtake::invariants
