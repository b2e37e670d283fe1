#include "onnx/node.h"

#include <fmt/format.h>

#include <cmath>

#include "longtake/error.h"

namespace longtake::onnx {

using Attribute = onnx_format::AttributeProto;

std::string Node::input(std::size_t index) const {
  return index < inputs() ? proto_.input(static_cast<int>(index)) : std::string();
}

std::string Node::output(std::size_t index) const {
  return index < outputs() ? proto_.output(static_cast<int>(index)) : std::string();
}

bool Node::has(const char* key) const {
  for (const Attribute& attribute : proto_.attribute()) {
    if (attribute.name() == key) return true;
  }
  return false;
}

const Attribute* Node::find(const char* key, Attribute::AttributeType type) {
  used_.insert(key);
  for (const Attribute& attribute : proto_.attribute()) {
    if (attribute.name() != key) continue;
    // Files of the first versions leave the type out.
    if (attribute.type() != type && attribute.type() != Attribute::UNDEFINED) {
      bad(fmt::format("attribute '{}' is of type {}, not {}", key, Attribute::AttributeType_Name(attribute.type()),
                      Attribute::AttributeType_Name(type)));
    }
    return &attribute;
  }
  return nullptr;
}

std::int64_t Node::integer(const char* key, std::int64_t otherwise) {
  const Attribute* found = find(key, Attribute::INT);
  return found == nullptr ? otherwise : found->i();
}

double Node::real(const char* key, double otherwise) {
  const Attribute* found = find(key, Attribute::FLOAT);
  const double value = found == nullptr ? otherwise : found->f();
  if (std::isnan(value)) bad(fmt::format("attribute '{}' is not a number", key));
  return value;
}

std::string Node::text(const char* key, const std::string& otherwise) {
  const Attribute* found = find(key, Attribute::STRING);
  return found == nullptr ? otherwise : found->s();
}

Sizes Node::sizes(const char* key, const Sizes& otherwise) {
  const Attribute* found = find(key, Attribute::INTS);
  return found == nullptr ? otherwise : Sizes(found->ints().begin(), found->ints().end());
}

std::vector<std::string> Node::texts(const char* key) {
  const Attribute* found = find(key, Attribute::STRINGS);
  return found == nullptr ? std::vector<std::string>()
                          : std::vector<std::string>(found->strings().begin(), found->strings().end());
}

Tensor Node::tensor(const char* key) {
  const Attribute* found = find(key, Attribute::TENSOR);
  if (found == nullptr) bad(fmt::format("attribute '{}' is missing", key));
  return read_tensor(found->t(), where());
}

void Node::check_all_used() const {
  for (const Attribute& attribute : proto_.attribute()) {
    if (used_.count(attribute.name()) != 0) continue;
    unsupported(
        fmt::format("the attribute '{}' is not supported; export the model without it, or take a tensor before "
                    "this node",
                    attribute.name()));
  }
}

std::string Node::name() const {
  for (const std::string& output : proto_.output()) {
    if (!output.empty()) return output;
  }
  return proto_.name();
}

std::string Node::where() const {
  return fmt::format("{}: {} '{}'", source_, op(), proto_.name().empty() ? name() : proto_.name());
}

void Node::bad(const std::string& what) const { throw BadData(where() + ": " + what); }
void Node::unsupported(const std::string& what) const { throw Unsupported(where() + ": " + what); }

}  // namespace longtake::onnx
