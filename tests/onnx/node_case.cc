#include "onnx/node_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "longtake/error.h"
#include "onnx/constants.h"
#include "onnx/file.h"

namespace longtake::test {

using onnx::Axes;
using onnx::Axis;

namespace {

NamedTensor load_tensor(const std::filesystem::path& path, const onnx_format::ValueInfoProto& value) {
  onnx_format::TensorProto proto;
  if (!value.type().has_tensor_type() || !proto.ParseFromString(real_files().read(path))) {
    throw Unsupported("'" + value.name() + "' is no tensor");
  }
  if (proto.data_type() != value.type().tensor_type().elem_type()) {
    throw Unsupported("the data of '" + value.name() + "' have another type than the model says");
  }
  using Type = onnx_format::TensorProto;
  const bool floating =
      proto.data_type() == Type::FLOAT || proto.data_type() == Type::DOUBLE || proto.data_type() == Type::FLOAT16;
  return {value.name(), onnx::read_tensor(proto, path.filename().string()), floating};
}

bool is_recurrent(const NodeCase& c) {
  return std::any_of(c.ops.begin(), c.ops.end(),
                     [](const std::string& op) { return op == "LSTM" || op == "GRU" || op == "RNN"; });
}

// X over ticks and streams, the initial states over streams, all else constant.
Setting sequence_setting(const NodeCase& c) {
  const auto& node = c.file.content().graph().node(0);
  bool batch_first = false;
  for (const auto& attribute : node.attribute())
    batch_first = batch_first || (attribute.name() == "layout" && attribute.i() == 1);
  const Shape& x = c.inputs[0].tensor.shape();
  Setting setting{"sequence", {}, x[batch_first ? 1 : 0], x[batch_first ? 0 : 1]};
  setting.values[node.input(0)] =
      batch_first ? Axes{Axis::kStream, Axis::kTick, Axis::kData} : Axes{Axis::kTick, Axis::kStream, Axis::kData};
  for (int i : {5, 6}) {
    if (i >= node.input_size() || node.input(i).empty()) continue;
    setting.values[node.input(i)] =
        batch_first ? Axes{Axis::kStream, Axis::kData, Axis::kData} : Axes{Axis::kData, Axis::kStream, Axis::kData};
  }
  return setting;
}

Shape row_shape(const Shape& shape, const Axes& axes) {
  Shape rows;
  for (std::size_t d = 0; d < axes.size(); ++d) {
    if (axes[d] == Axis::kData) rows.push_back(shape[d]);
  }
  return rows;
}

// The order of dimensions in which a chunk has a tensor: ticks, streams, data.
std::vector<std::int64_t> chunk_order(const Axes& axes) {
  std::vector<std::int64_t> order;
  for (Axis wanted : {Axis::kTick, Axis::kRow, Axis::kStream, Axis::kData}) {
    for (std::size_t d = 0; d < axes.size(); ++d) {
      if (axes[d] == wanted) order.push_back(static_cast<std::int64_t>(d));
    }
  }
  return order;
}

graph::ChunkInput chunk_input(const Tensor& tensor, const Axes& axes) {
  graph::ChunkInput input{onnx::transposed(tensor, chunk_order(axes)), {}};
  Shape shape = row_shape(tensor.shape(), axes);
  shape.insert(shape.begin(), tensor.count() / element_count(shape));
  input.data = input.data.reshaped(shape);
  return input;
}

// Rows of a chunk as ONNX has them.
Tensor onnx_tensor(const graph::ChunkOutput& output, const Axes& axes, const Setting& setting) {
  Shape sizes;  // in the chunk's order
  const Shape& shape = output.data.shape();
  for (Axis axis : {Axis::kTick, Axis::kRow, Axis::kStream}) {
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) continue;
    sizes.push_back(axis == Axis::kTick ? setting.ticks : setting.streams);
  }
  sizes.insert(sizes.end(), shape.begin() + 1, shape.end());
  const std::vector<std::int64_t> order = chunk_order(axes);
  std::vector<std::int64_t> back(order.size());
  for (std::size_t d = 0; d < order.size(); ++d) back[order[d]] = static_cast<std::int64_t>(d);
  return onnx::transposed(output.data.reshaped(sizes), back);
}

}  // namespace

NodeCase load_case(const std::filesystem::path& folder) {
  NodeCase c{folder.filename().string(), onnx::OnnxFile::read(folder / "model.onnx"), {}, {}, {}};
  for (const auto& node : c.file.content().graph().node()) c.ops.push_back(node.op_type());
  const std::filesystem::path data = folder / "test_data_set_0";
  for (const auto& input : c.file.content().graph().input()) {
    if (c.file.content().initialisers.count(input.name()) != 0) continue;
    c.inputs.push_back(load_tensor(data / fmt::format("input_{}.pb", c.inputs.size()), input));
  }
  for (const auto& output : c.file.content().graph().output()) {
    c.outputs.push_back(load_tensor(data / fmt::format("output_{}.pb", c.outputs.size()), output));
  }
  return c;
}

std::vector<Setting> settings_of(const NodeCase& c) {
  if (is_recurrent(c)) return {sequence_setting(c)};
  std::vector<Setting> settings;
  for (std::size_t fed : std::set<std::size_t>{1, c.inputs.size()}) {
    if (fed > c.inputs.size()) continue;
    Setting whole{fmt::format("whole, {} fed", fed), {}, 1, 1}, frames{fmt::format("frames, {} fed", fed), {}, 1, 0};
    bool numbers = fed > 0, batch = fed > 0;
    for (std::size_t i = 0; i < fed; ++i) {
      const NamedTensor& input = c.inputs[i];
      const Shape& shape = input.tensor.shape();
      numbers = numbers && input.floating && input.tensor.count() > 0;
      whole.values[input.name] = Axes(shape.size(), Axis::kData);
      frames.values[input.name] = whole.values[input.name];
      batch = batch && !shape.empty() && (i == 0 || shape[0] == frames.streams);
      if (!batch) continue;
      frames.values[input.name][0] = Axis::kRow;
      frames.streams = shape[0];
    }
    if (numbers) settings.push_back(whole);
    if (numbers && batch) settings.push_back(frames);
  }
  return settings;
}

std::vector<Tensor> run_case(const NodeCase& c, const Setting& setting, const ExecutorMaker& make) {
  auto model = std::make_shared<graph::Model>();
  graph::Builder b(*model, "main");
  std::map<std::string, onnx::Bound> values;
  onnx::ImportOptions options;
  graph::Chunk chunk{setting.streams, setting.ticks, {}, {}};
  for (const NamedTensor& input : c.inputs) {
    const auto fed = setting.values.find(input.name);
    if (fed == setting.values.end()) {
      options.constants[input.name] = input.tensor;
      continue;
    }
    const Axes& axes = fed->second;
    const bool once = setting.name == "sequence" && std::find(axes.begin(), axes.end(), Axis::kTick) == axes.end();
    values[input.name] = {
        b.input("input" + std::to_string(chunk.inputs.size()), row_shape(input.tensor.shape(), axes), once), axes};
    chunk.inputs.push_back(chunk_input(input.tensor, axes));
  }
  const onnx::Imported imported = onnx::import_graph(c.file, b, values, {}, options);
  for (std::size_t i = 0; i < imported.taps.size(); ++i) b.output(fmt::format("output{}", i), imported.taps[i].value);
  b.finish();
  model->weights = imported.weights;
  for (std::int64_t tick = 0; tick < setting.ticks; ++tick) {
    std::uint8_t flag = graph::kActive;
    if (tick == 0) flag |= graph::kReset;
    if (tick + 1 == setting.ticks) flag |= graph::kEnd;
    chunk.flags.insert(chunk.flags.end(), setting.streams, flag);
  }
  const auto executor = make(model, "main");
  State state = executor->initial_state(setting.streams);
  graph::Outputs outputs;
  executor->run(chunk, state, outputs);
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    tensors.push_back(onnx_tensor(outputs[i], imported.taps[i].axes, setting));
  }
  return tensors;
}

std::string difference(const Tensor& wanted, const Tensor& given) {
  if (wanted.shape() != given.shape()) {
    return fmt::format("{} instead of {}", to_string(given.shape()), to_string(wanted.shape()));
  }
  for (std::int64_t i = 0; i < wanted.count(); ++i) {
    const double a = onnx::number_at(wanted, i), b = onnx::number_at(given, i);
    if (std::abs(a - b) <= 1e-5 + 1e-4 * std::abs(a) || a == b || (std::isnan(a) && std::isnan(b))) continue;
    return fmt::format("{} instead of {} at {}", b, a, i);
  }
  return "";
}

}  // namespace longtake::test
