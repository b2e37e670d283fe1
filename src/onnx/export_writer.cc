#include "onnx/export_writer.h"

#include <fmt/format.h>

#include "longtake/error.h"

namespace longtake::onnx {

namespace {

using format::AttributeProto;
using format::TensorProto;

void write_attribute(AttributeProto& out, bool value) {
  out.set_type(AttributeProto::INT);
  out.set_i(value ? 1 : 0);
}
void write_attribute(AttributeProto& out, std::int64_t value) {
  out.set_type(AttributeProto::INT);
  out.set_i(value);
}
void write_attribute(AttributeProto& out, double value) {
  out.set_type(AttributeProto::FLOAT);
  out.set_f(static_cast<float>(value));
}
void write_attribute(AttributeProto& out, const std::string& value) {
  out.set_type(AttributeProto::STRING);
  out.set_s(value);
}
void write_attribute(AttributeProto& out, const std::vector<std::int64_t>& values) {
  out.set_type(AttributeProto::INTS);
  for (std::int64_t value : values) out.add_ints(value);
}

void write_tensor(TensorProto& out, const Name& name, const Tensor& values) {
  out.set_name(name);
  out.set_data_type(values.dtype() == DType::kInt64 ? TensorProto::INT64 : TensorProto::FLOAT);
  for (std::int64_t size : values.shape()) out.add_dims(size);
  out.set_raw_data(values.raw(), values.bytes());
}

}  // namespace

void Writer::declare(format::ValueInfoProto& info, const Name& name, TensorProto::DataType type, const Shape& shape) {
  if (!names_.insert(name).second) {
    throw InvalidArgument(
        fmt::format("two inputs, outputs or states of the exported graph are called '{}'; ONNX needs "
                    "different names, so rename the model's",
                    name));
  }
  info.set_name(name);
  format::TypeProto::Tensor& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(type);
  tensor.mutable_shape()->add_dim()->set_dim_param("streams");
  for (std::int64_t size : shape) tensor.mutable_shape()->add_dim()->set_dim_value(size);
}

void Writer::declare_input(const Name& name, TensorProto::DataType type, const Shape& shape) {
  declare(*graph_.add_input(), name, type, shape);
}

void Writer::declare_output(const Name& name, TensorProto::DataType type, const Shape& shape) {
  declare(*graph_.add_output(), name, type, shape);
}

Name Writer::fresh(const std::string& wish) {
  Name name = wish;
  for (int i = 2; !names_.insert(name).second; ++i) name = fmt::format("{}_{}", wish, i);
  return name;
}

std::vector<Name> Writer::nodes(const std::string& op, std::vector<Name> inputs, std::size_t outputs,
                                const graph::Attributes& attributes) {
  format::NodeProto& node = *graph_.add_node();
  node.set_op_type(op);
  for (Name& input : inputs) node.add_input(std::move(input));
  std::vector<Name> names;
  for (std::size_t i = 0; i < outputs; ++i) {
    names.push_back(fresh(scope_ + "/" + op));
    node.add_output(names.back());
  }
  node.set_name(names.front());
  for (const auto& [key, attribute] : attributes) {
    AttributeProto& out = *node.add_attribute();
    out.set_name(key);
    std::visit([&](const auto& value) { write_attribute(out, value); }, attribute);
  }
  return names;
}

Name Writer::node(const std::string& op, std::vector<Name> inputs, const graph::Attributes& attributes) {
  return nodes(op, std::move(inputs), 1, attributes).front();
}

Name Writer::widen(const Name& x, std::size_t at, std::size_t count) {
  if (count == 0) return x;
  std::vector<std::int64_t> axes;
  for (std::size_t i = 0; i < count; ++i) axes.push_back(static_cast<std::int64_t>(at + i));
  return node("Unsqueeze", {x, integers(axes)});
}

Name Writer::repeat(const Name& row, const Shape& shape, const Name& like) {
  const Name streams = node("Slice", {node("Shape", {like}), integers({0}), integers({1})});
  return node("Expand", {row, node("Concat", {streams, integers(shape)}, {{"axis", std::int64_t{0}}})});
}

void Writer::give(const Name& name, const Name& value) {
  format::NodeProto& node = *graph_.add_node();
  node.set_op_type("Identity");
  node.set_name(fresh(name + "/Identity"));
  node.add_input(value);
  node.add_output(name);
}

Name Writer::constant(const Tensor& values) {
  const std::span<const std::byte> bytes(values.raw(), values.bytes());
  const auto [found, is_new] = constants_.try_emplace({values.shape(), {bytes.begin(), bytes.end()}});
  if (is_new) {
    found->second = fresh("constant");
    write_tensor(*graph_.add_initializer(), found->second, values);
  }
  return found->second;
}

Name Writer::number(float value) { return constant(Tensor::from<float>({}, {value})); }
Name Writer::integer(std::int64_t value) { return constant(Tensor::from<std::int64_t>({}, {value})); }

Name Writer::integers(const std::vector<std::int64_t>& values) {
  return constant(
      Tensor::from<std::int64_t>({static_cast<std::int64_t>(values.size())}, std::span<const std::int64_t>(values)));
}

Name Writer::weight(const std::string& name, const Tensor& values) {
  const auto [found, is_new] = weights_.try_emplace(name);
  if (is_new) {
    found->second = fresh(name);
    write_tensor(*graph_.add_initializer(), found->second, values);
  }
  return found->second;
}

}  // namespace longtake::onnx
