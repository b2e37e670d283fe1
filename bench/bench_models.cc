// Makes the model files that both sides of bench/run load, with the weights that a model starts with.
//   bench_models lstm INPUT HIDDEN LAYERS MODEL        LSTMs one upon the other
//   bench_models gru INPUT HIDDEN MODEL                a GRU in the form that PyTorch and ONNX have
//   bench_models conv_lstm MAPS KERNEL GRID MODEL      a ConvLSTM without peepholes, of as many maps as it sees
//   bench_models pooled_conv_lstm MAPS KERNEL GRID MODEL   the mean over places of its maps, for a loss
//   bench_models net FILE.onnx HEIGHT WIDTH MODEL      a network of colour frames, with the file's weights
//   bench_models recipe RECIPE MODEL                   the recipe's model
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

#include "base/options.h"
#include "data/motions.h"
#include "graph/builder.h"
#include "graph/model_file.h"
#include "layers/basic.h"
#include "layers/conv_lstm.h"
#include "layers/gru.h"
#include "layers/lstm.h"
#include "onnx/import.h"
#include "tasks/recipe.h"
#include "training/train_recipe.h"

namespace longtake::bench {

namespace {

using graph::Builder;
using graph::ValueId;

// A graph of one input "frame" and one output, called logits because the trainer's loss wants some.
template <typename Add>
graph::Model one_graph(const Shape& frame, const Add& add) {
  graph::Model model;
  model.name = "bench";
  model.task = "classify";
  Builder b(model, "main");
  b.output("logits", add(model, b, b.input("frame", frame)));
  b.finish();
  return model;
}

graph::Model lstm(std::int64_t input, std::int64_t hidden, std::int64_t count) {
  return one_graph({input}, [&](graph::Model&, Builder& b, ValueId x) {
    for (std::int64_t i = 1; i <= count; ++i) {
      x = layers::lstm(b, fmt::format("lstm{}", i), x, {.hidden_size = hidden}).hidden;
    }
    return x;
  });
}

graph::Model gru(std::int64_t input, std::int64_t hidden) {
  return one_graph({input}, [&](graph::Model&, Builder& b, ValueId x) {
    return layers::gru(b, "gru1", x, {.channels = hidden, .reset_after = true, .update_keeps = true});
  });
}

graph::Model conv_lstm(std::int64_t maps, std::int64_t kernel, std::int64_t grid, bool pooled) {
  return one_graph({maps, grid, grid}, [&](graph::Model&, Builder& b, ValueId x) {
    const layers::ConvLstmOptions options{
        .channels = maps, .input_kernel = kernel, .hidden_kernel = kernel, .peepholes = false};
    const ValueId hidden = layers::conv_lstm(b, "cell", x, options).hidden;
    return pooled ? layers::global_average_pool(b, "pool", hidden) : hidden;
  });
}

graph::Model net(const std::string& path, std::int64_t height, std::int64_t width) {
  const onnx::OnnxFile file = onnx::OnnxFile::read(path);
  return one_graph({3, height, width}, [&](graph::Model& model, Builder& b, ValueId x) {
    const onnx::Axes axes{onnx::Axis::kRow, onnx::Axis::kData, onnx::Axis::kData, onnx::Axis::kData};
    onnx::Imported imported = onnx::import_graph(file, b, {{file.inputs().at(0).name, {x, axes}}}, {});
    model.weights.merge(imported.weights);
    return imported.taps.at(0).value;
  });
}

graph::Model of_recipe(const std::string& path) {
  Options recipe = load_toml(real_files(), path);
  recipe.set_override("model.initialiser=scaled");  // the paper's small weights would leave little to compare
  const Options data = recipe.table("data");
  const bool listed = data.has("classes") || data.has("labels");
  return training::build_model(recipe, tasks::read_input(recipe.table("input")),
                               listed ? tasks::dataset_labels(real_files(), data) : motion_labels());
}

graph::Model make(const std::vector<std::string>& words) {
  const auto number = [&](std::size_t i) { return std::stoll(words.at(i)); };
  const std::string& kind = words.at(0);
  if (kind == "lstm") return lstm(number(1), number(2), number(3));
  if (kind == "gru") return gru(number(1), number(2));
  if (kind == "conv_lstm") return conv_lstm(number(1), number(2), number(3), false);
  if (kind == "pooled_conv_lstm") return conv_lstm(number(1), number(2), number(3), true);
  if (kind == "net") return net(words.at(1), number(2), number(3));
  if (kind == "recipe") return of_recipe(words.at(1));
  throw InvalidArgument("no model is called " + kind);
}

}  // namespace

}  // namespace longtake::bench

int main(int argc, char** argv) {
  using namespace longtake;
  try {
    if (argc < 3) throw InvalidArgument("see the top of bench/bench_models.cc");
    graph::Model model = bench::make({argv + 1, argv + argc - 1});
    graph::initialise(model, 1);  // keeps the weights that are there
    graph::save_model(model, argv[argc - 1]);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_models: {}\n", error.what());
    return 1;
  }
}
