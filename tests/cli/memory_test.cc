// A stream of 10,000 frames ends with the memory it had after 100, and `inspect` had declared the size of its state.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/programs.h"
#include "cli/small_world.h"
#include "graph/model_file.h"
#include "longtake/session.h"

namespace longtake::test {
namespace {

// Of this process, in bytes.
std::int64_t resident_bytes() {
  std::int64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

TEST(Memory, StaysAsItWasAfterAHundredFrames) {
  TemporaryDirectory directory;
  const std::string path = directory / "model.safetensors";
  graph::save_model(small_model(), path);
  const Outcome inspected = run({"inspect", path, "--json"});
  ASSERT_EQ(inspected.code, kDone) << inspected.err;

  Session session(Model::load(path));
  State state = session.initial_state();
  Tensor frame(DType::kFloat32, session.input_shape("frame"));
  std::int64_t after_hundred = 0;
  for (int i = 1; i <= 10000; ++i) {
    for (float& value : frame.data<float>()) value = std::sin(static_cast<float>(i) + value);
    session.step(frame, state);
    if (i == 100) after_hundred = resident_bytes();
  }
  EXPECT_LT(resident_bytes() - after_hundred, 1 << 20);
  const std::int64_t declared = nlohmann::json::parse(inspected.out).at("state_bytes_per_stream").get<std::int64_t>();
  EXPECT_EQ(state.bytes_per_stream(), declared);
  EXPECT_EQ(session.state_bytes_per_stream(), declared);
}

}  // namespace
}  // namespace longtake::test
