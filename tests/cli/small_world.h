// A few small videos, a recipe and a model for the tests of the programs: all made on the spot, in a second.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/temporary_directory.h"
#include "graph/model.h"

namespace longtake::test {

// Eight motions in 32x32 pixels: `train` + `test` clips a class of eight frames, with manifest, made by the program.
void make_clips(const std::string& directory, int train, int test);

// A recipe that learns them with a model of some hundred weights; `extra` goes into [train] as it is.
std::string recipe_text(const std::string& clips, const std::string& extra = "");

// A model of that recipe, not trained, with random weights.
graph::Model small_model();

// Directory of one test program: clips/, recipe.toml and model.safetensors.
class SmallWorld {
 public:
  SmallWorld();

  std::string path(const std::string& name) const { return directory_ / name; }
  std::string model() const { return path("model.safetensors"); }
  std::string clip(const std::string& motion = "left") const { return path("clips/test/" + motion + "/0000.mp4"); }

 private:
  TemporaryDirectory directory_;
};

// What the tests of a program share: one small world, and recipes that differ from its own.
class SmallWorldTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { world_ = std::make_unique<SmallWorld>(); }
  static void TearDownTestSuite() { world_.reset(); }

  static const SmallWorld& world() { return *world_; }
  static std::string path(const std::string& name) { return world_->path(name); }
  static std::string recipe() { return path("recipe.toml"); }
  // The path of the recipe with one text replaced.
  static std::string recipe_with(const std::string& from, const std::string& to);

 private:
  static inline std::unique_ptr<SmallWorld> world_;
};

}  // namespace longtake::test
