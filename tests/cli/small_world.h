// A few small videos, a recipe and a model for the tests of the programs: all made on the spot, in a second.
#pragma once

#include <map>
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

}  // namespace longtake::test
