#include "onnx/encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "layers/basic.h"
#include "longtake/error.h"
#include "onnx/import.h"

namespace longtake::onnx {

namespace {

using graph::ValueId;

std::string path_of(const std::string& encoder) { return encoder.substr(0, encoder.find('#')); }

std::vector<std::string> taps_of(const std::string& encoder, const OnnxFile& file) {
  const std::size_t hash = encoder.find('#');
  if (hash == std::string::npos) {
    if (file.outputs().empty()) throw BadData(file.source() + ": has no outputs");
    return {file.outputs().front()};
  }
  // A name may hold any letter, commas and spaces too; several names are divided by commas.
  const std::string text = encoder.substr(hash + 1);
  if (file.has_tensor(text)) return {text};
  std::vector<std::string> taps;
  for (std::string_view part : split(text, ',')) taps.emplace_back(trim(part));
  return taps;
}

// The file's one input, [n, channels, height, width], must be as large as the frame.
std::string input_for(const OnnxFile& file, const Shape& frame) {
  const std::vector<FileInput> inputs = file.inputs();
  if (inputs.size() != 1) {
    throw Unsupported(fmt::format("{}: has {} inputs; an encoder has one, the frame", file.source(), inputs.size()));
  }
  const Shape& wanted = inputs[0].shape;
  bool fits = wanted.empty() || wanted.size() == frame.size() + 1;
  for (std::size_t d = 1; fits && d < wanted.size(); ++d) fits = wanted[d] == -1 || wanted[d] == frame[d - 1];
  if (!fits) {
    throw ConfigError(
        fmt::format("[input]: gives frames {} (channels, height, width), but the encoder {} takes {} with its batch in "
                    "front (-1: any size); set input.width and input.height, or crop_width and crop_height, and colour",
                    to_string(frame), file.source(), to_string(wanted)));
  }
  return inputs[0].name;
}

// What is done with maps that are taken.
struct MapOptions {
  std::int64_t pool;
  bool average;
};

ValueId shaped(graph::Builder& b, Bound tap, const std::string& name, layers::Taps taps, const MapOptions& maps) {
  const bool pools = maps.pool > 1 && b.shape(tap.value).size() == 3;
  if (pools) tap.value = layers::max_pool(b, name + ".pool", tap.value, {.kernel = maps.pool, .stride = maps.pool});
  const Shape& shape = b.shape(tap.value);
  if (tap.axes.empty() || tap.axes[0] != Axis::kRow) {
    throw Unsupported(fmt::format("the tensor '{}' does not have the frames as its first dimension", name));
  }
  if (taps == layers::Taps::kFeatures && shape.size() == 3 && maps.average) {
    return layers::global_average_pool(b, "features", tap.value);
  }
  if (taps == layers::Taps::kFeatures && shape.size() != 1) return layers::flatten(b, "features", tap.value);
  if (taps == layers::Taps::kMap && shape.size() != 3) {
    throw ConfigError(
        fmt::format("the model wants a map [channels, height, width] of its encoder, but the tensor '{}' "
                    "is {}; name one before the pooling, as \"file.onnx#tensor\"",
                    name, to_string(shape)));
  }
  return tap.value;
}

}  // namespace

std::vector<ValueId> add_encoder(graph::Builder& b, const std::string& encoder, const Options& options, ValueId frame,
                                 layers::Taps taps, EncoderWeights& read) {
  ImportOptions import;
  import.frozen = options.get("frozen", true);
  import.learning_rate = options.get("learning_rate", 1.0);
  if (!(import.learning_rate >= 0) || !std::isfinite(import.learning_rate)) {
    throw options.error("learning_rate", "must be at least 0 and finite");
  }
  const MapOptions maps{options.get<std::int64_t>("pool", 0), options.get("average", false)};
  if (maps.pool < 0 || maps.pool > 1024) throw options.error("pool", "must be from 0 to 1024");
  const OnnxFile file = OnnxFile::read(path_of(encoder));
  const std::vector<std::string> names = taps_of(encoder, file);
  if (names.size() > 1 && taps != layers::Taps::kLevels) {
    throw ConfigError(
        fmt::format("the model takes one tensor of its encoder, but \"{}\" names {}", encoder, names.size()));
  }
  const auto region = b.region("onnx", "encoder");
  const std::string input = input_for(file, b.shape(frame));
  const Axes axes{Axis::kRow, Axis::kData, Axis::kData, Axis::kData};
  Imported imported = import_graph(file, b, {{input, {frame, axes}}}, names, import);
  read.weights.merge(imported.weights);
  const std::string name = Files::Path(path_of(encoder)).filename().string();
  read.files.push_back(fmt::format("{}{} sha256 {}", name, encoder.substr(path_of(encoder).size()), file.sha256()));
  std::vector<ValueId> values;
  for (std::size_t i = 0; i < names.size(); ++i) values.push_back(shaped(b, imported.taps[i], names[i], taps, maps));
  return values;
}

}  // namespace longtake::onnx
