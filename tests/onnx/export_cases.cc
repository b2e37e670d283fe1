#include "onnx/export_cases.h"

#include "layers/basic.h"
#include "layers/slots.h"

namespace longtake::test {

namespace {

using graph::Attributes;
using graph::Builder;
using graph::ValueId;
using Sizes = std::vector<std::int64_t>;

// One op on inputs of `shapes`, with parameters of `parameters`; all its outputs are outputs.
ExportCase op(const char* name, const char* op, std::vector<Shape> shapes, Attributes attributes = {},
              std::vector<Shape> parameters = {}) {
  return {
      name, [=](Builder& b) {
        std::vector<ValueId> inputs;
        for (const Shape& shape : shapes) inputs.push_back(b.input("x" + std::to_string(inputs.size()), shape));
        std::vector<std::string> names;
        for (const Shape& shape : parameters) {
          // fill_weights() knows a variance by its name.
          names.push_back(b.parameter({names.size() == 3 ? "p.variance" : "p" + std::to_string(names.size()), shape}));
        }
        const auto outputs = b.node(op, "op", inputs, attributes, names);
        for (std::size_t i = 0; i < outputs.size(); ++i) b.output("y" + std::to_string(i), outputs[i]);
      }};
}

Attributes pool(Sizes kernel, Sizes stride, Sizes pad, bool ceil) {
  return {{"kernel", kernel}, {"stride", stride}, {"pad", pad}, {"ceil", ceil}};
}
Attributes with(Attributes attributes, const std::string& key, graph::Attribute value) {
  attributes[key] = std::move(value);
  return attributes;
}
Attributes window(std::int64_t size, std::int64_t stride, std::int64_t ahead, const char* edge) {
  return {{"size", size}, {"stride", stride}, {"ahead", ahead}, {"edge", std::string(edge)}};
}
Attributes conv(Sizes stride, Sizes pad, Sizes dilation, std::int64_t groups) {
  return {{"stride", stride}, {"pad", pad}, {"dilation", dilation}, {"groups", groups}};
}
Attributes lrn(std::int64_t size) { return {{"size", size}, {"alpha", 0.8}, {"beta", 0.6}, {"k", 2.0}}; }
Attributes axis(std::int64_t axis) { return {{"axis", axis}}; }

std::vector<ExportCase> map_cases() {
  return {
      op("conv2d", "conv2d", {{4, 5, 6}}, conv({2, 1}, {1, 2}, {1, 2}, 2), {{6, 2, 3, 2}, {6}}),
      op("conv2d_without_bias", "conv2d", {{2, 4, 4}}, conv({1, 1}, {0, 0}, {1, 1}, 1), {{3, 2, 3, 3}}),
      op("conv_transpose2d", "conv_transpose2d", {{3, 2, 4}}, {{"stride", Sizes{3, 1}}, {"pad", Sizes{0, 1}}},
         {{3, 5, 4, 3}, {5}}),
      op("conv_transpose2d_without_bias", "conv_transpose2d", {{2, 3, 2}},
         {{"stride", Sizes{2, 2}}, {"pad", Sizes{1, 1}}}, {{2, 3, 4, 4}}),
      op("warp", "warp", {{3, 4, 5}, {4, 4, 5}}),
      op("warp_of_one_column", "warp", {{2, 3, 1}, {2, 3, 1}}),
      op("coordinates", "coordinates", {{2, 3, 4}}),
      op("max_pool", "max_pool", {{2, 7, 5}}, pool({3, 2}, {2, 2}, {1, 0}, false)),
      op("max_pool_ceil", "max_pool", {{2, 6, 5}}, pool({3, 3}, {2, 2}, {0, 1}, true)),
      // The last window would begin in the padding behind, so it is left out.
      op("max_pool_ceil_clipped", "max_pool", {{2, 6, 5}}, pool({2, 2}, {3, 2}, {1, 1}, true)),
      op("max_pool_dilated", "max_pool", {{2, 9, 8}},
         with(pool({2, 3}, {3, 1}, {1, 1}, true), "dilation", Sizes{4, 2})),
      op("average_pool", "average_pool", {{2, 6, 5}}, pool({3, 3}, {2, 2}, {1, 1}, false)),
      op("average_pool_ceil", "average_pool", {{2, 6, 5}}, pool({3, 3}, {2, 2}, {0, 1}, true)),
      op("average_pool_of_padding", "average_pool", {{2, 6, 5}},
         with(pool({3, 3}, {2, 2}, {1, 1}, false), "count_padding", true)),
      op("average_pool_of_padding_ceil", "average_pool", {{2, 6, 5}},
         with(pool({3, 3}, {2, 3}, {1, 1}, true), "count_padding", true)),
      op("global_max_pool", "global_max_pool", {{3, 2, 4}}),
      op("global_average_pool", "global_average_pool", {{3, 2, 4}}),
      op("lrn", "lrn", {{6, 2, 3}}, lrn(5)),
      op("lrn_even", "lrn", {{6, 2, 3}}, lrn(4)),
      op("batch_norm", "batch_norm", {{2, 2, 3}}, {}, {{2}, {2}, {2}, {2}}),
      op("batch_norm_of_features", "batch_norm", {{3}}, {{"epsilon", 0.1}}, {{3}, {3}, {3}, {3}}),
  };
}

std::vector<ExportCase> element_cases() {
  return {
      op("relu", "relu", {{5}}),
      op("leaky_relu", "leaky_relu", {{5}}, {{"slope", 0.2}}),
      op("clip", "clip", {{5}}, {{"low", -0.3}, {"high", 0.4}}),
      op("sigmoid", "sigmoid", {{5}}),
      op("tanh", "tanh", {{5}}),
      {"log", [](Builder& b) { b.output("y", layers::log(b, "l", layers::sigmoid(b, "s", b.input("x", {4})))); }},
      op("softmax", "softmax", {{3, 2}}, axis(0)),
      op("softmax_last", "softmax", {{3, 2}}, axis(-1)),
      {"masked_softmax",
       [](Builder& b) {  // the mask of one place in three is empty
         const ValueId x = b.input("x", {2, 3});
         const auto slots = b.node("window", "w", {b.input("m", {2})}, window(3, 1, 0, "same"));
         const ValueId mask = layers::relu(b, "mask", layers::transpose(b, "t", slots[0], {1, 0}));
         b.output("y", layers::masked_softmax(b, "s", x, mask));
       }},
      op("add", "add", {{2, 3}, {1, 3}}),
      op("mul", "mul", {{2, 1}, {2, 3}}),
      op("affine", "affine", {{4}}, {{"scale", -1.5}, {"shift", 0.25}}),
      op("blend", "blend", {{2, 2}, {2, 2}, {2, 2}}),
      op("constant", "constant", {{3}}, {}, {{2, 2}}),
      op("dropout", "dropout", {{4}}, {{"probability", 0.5}}),
      op("lstm_gates", "lstm_gates", {{12}, {3}}),
      op("lstm_gates_with_peepholes", "lstm_gates", {{8}, {2}}, {}, {{3, 2}}),
      op("lstm_gates_on_maps", "lstm_gates", {{8, 2, 3}, {2, 2, 3}}, {}, {{3, 2}}),
  };
}

std::vector<ExportCase> shape_cases() {
  return {
      op("linear", "linear", {{3}}, {}, {{4, 3}, {4}}),
      op("linear_on_rows", "linear", {{2, 3}}, {}, {{4, 3}, {4}}),
      op("linear_without_bias", "linear", {{2, 3}}, {}, {{4, 3}}),
      op("matmul", "matmul", {{2, 3, 4}, {2, 4, 2}}),
      op("concat", "concat", {{2, 1}, {2, 3}, {2, 2}}, axis(1)),
      op("flatten", "flatten", {{2, 1, 3}}),
      op("reshape", "reshape", {{2, 6}}, {{"shape", Sizes{3, -1, 2}}}),
      op("transpose", "transpose", {{2, 3, 4}}, {{"permutation", Sizes{2, 0, 1}}}),
      op("pixel_unshuffle", "pixel_unshuffle", {{2, 6, 4}}, {{"patch", std::int64_t{2}}}),
      op("pixel_shuffle", "pixel_shuffle", {{8, 3, 2}}, {{"patch", std::int64_t{2}}}),
      op("slice", "slice", {{2, 5}},
         {{"axis", std::int64_t{-1}}, {"begin", std::int64_t{1}}, {"size", std::int64_t{3}}}),
      op("pad", "pad", {{2, 3}}, {{"before", Sizes{1, 0}}, {"after", Sizes{0, 2}}, {"value", -0.5}}),
      {"slots",
       [](Builder& b) {
         const auto w = layers::window(b, "w", b.input("x", {2, 2}), {.size = 3, .partial = true});
         b.output("most", layers::max_over_slots(b, "max", w));
         b.output("mean", layers::mean_over_slots(b, "mean", w));
       }},
      {"overlap_average",
       [](Builder& b) {
         b.output("y", layers::overlap_average(b, "o", b.input("x", {3, 2})));
       }},
  };
}

std::vector<ExportCase> time_cases() {
  return {
      {"delay",
       [](Builder& b) {
         const ValueId x = b.input("x", {3});
         const ValueId first = b.delay("d1", {3}, b.input("start", {3}, true)), second = b.delay("d2", {3});
         b.connect(first, x);
         b.connect(second, first);
         b.output("y1", first);
         b.output("y2", second);
         b.output("y3", b.previous("before", x));
       }},
      {"loop",
       [](Builder& b) {
         const ValueId h = b.delay("h", {2}, b.parameter_value("h0", b.parameter({"h0", {2}})));
         const ValueId sum = layers::add(b, "sum", b.input("x", {2}), layers::linear(b, "back", h, 2));
         b.connect(h, layers::tanh(b, "next", sum));
         b.output("y", h);
         b.output("ending", b.node("last", "last", {sum}).front());
       }},
      op("running_max", "running_max", {{2, 2}}),
      op("running_mean", "running_mean", {{3}}),
      op("running_weighted_mean", "running_weighted_mean", {{2, 3}, {1}}),
      {"running_weighted_mean_before_any_weight",
       [](Builder& b) {
         const ValueId x = b.input("x", {3});
         b.output("y", b.node("running_weighted_mean", "r", {x, b.node("ramp", "weight", {x}).front()}).front());
       }},
      op("ramp", "ramp", {{2}}),
      op("window", "window", {{2}}, window(3, 2, 0, "valid")),
      op("window_of_one", "window", {{2, 2}}, window(1, 2, 0, "valid")),
      op("window_partial", "window", {{2, 2}}, window(3, 1, 0, "same")),
      op("window_ahead", "window", {{2}}, window(4, 1, 2, "same")),
      op("window_ahead_slow", "window", {{2}}, window(3, 2, 1, "same")),
      op("window_of_scalars", "window", {{}}, window(3, 1, 1, "same")),
      op("latest", "latest", {{2}}),
      op("last", "last", {{2}}),
      op("first", "first", {{2}}),
      {"latest_of_windows",
       [](Builder& b) {
         const auto slow = b.node("window", "w", {b.input("x", {2})}, window(3, 3, 0, "valid"));
         b.output("y", b.node("latest", "newest", {slow[0]}).front());
         b.output("first", b.node("latest", "learned", {b.parameter_value("p", b.parameter({"p", {2}}))}).front());
       }},
  };
}

}  // namespace

std::vector<ExportCase> export_cases() {
  std::vector<ExportCase> all;
  for (const auto& group : {map_cases(), element_cases(), shape_cases(), time_cases()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

}  // namespace longtake::test
