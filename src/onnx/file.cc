#include "onnx/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/sha256.h"
#include "longtake/error.h"
#include "onnx/constants.h"
#include "onnx/format.h"

namespace longtake::onnx {

namespace {

constexpr int kMostNodes = 10000;
constexpr std::size_t kLongestName = 1000;
constexpr std::int64_t kFirstOpset = 6, kLastOpset = 21;

// Names go into model files, whose header is JSON: well-formed UTF-8 without control characters.
bool is_text(const std::string& name) {
  std::size_t i = 0;
  while (i < name.size()) {
    const auto byte = static_cast<unsigned char>(name[i]);
    const std::size_t more = byte < 0x80 ? 0 : byte >= 0xc2 && byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : byte < 0xf5 ? 3 : 9;
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && byte < 0xc2) || i + more >= name.size()) return false;
    std::uint32_t code = more == 0 ? byte : byte & (0x3f >> more);
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(name[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3f);
    }
    if ((more == 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
        (more == 3 && (code < 0x10000 || code > 0x10ffff))) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

class Checker {
 public:
  explicit Checker(OnnxFile::Content& content) : content_(content) {}

  void check() {
    find_opset();
    read_initialisers();
    read_inputs();
    check_nodes();
    for (const auto& output : content_.graph().output()) {
      if (known_.count(output.name()) == 0) bad(fmt::format("no node makes the output '{}'", output.name()));
    }
  }

 private:
  [[noreturn]] void bad(const std::string& what) const { throw BadData(content_.source + ": " + what); }

  void find_opset() {
    for (const auto& opset : content_.model.opset_import()) {
      if (!opset.domain().empty() && opset.domain() != "ai.onnx") continue;
      content_.opset = opset.version();
    }
    if (content_.opset < kFirstOpset || content_.opset > kLastOpset) {
      throw Unsupported(
          fmt::format("{}: uses version {} of ONNX's operators; {} to {} can be read, so export it again "
                      "with an opset of these",
                      content_.source, content_.opset, kFirstOpset, kLastOpset));
    }
  }

  void define(const std::string& name, const char* what) {
    if (name.empty()) bad(fmt::format("{} without a name", what));
    if (name.size() > kLongestName || !is_text(name)) {
      bad(fmt::format("the name of {} is not a text of up to {} bytes", what, kLongestName));
    }
    if (!known_.insert(name).second) bad(fmt::format("the name '{}' is given twice", name));
  }

  void read_initialisers() {
    for (const auto& tensor : content_.graph().initializer()) {
      define(tensor.name(), "a weight");
      content_.initialisers[tensor.name()] =
          read_tensor(tensor, fmt::format("{}: weight '{}'", content_.source, tensor.name()));
    }
  }

  void read_inputs() {
    for (const auto& input : content_.graph().input()) {
      if (content_.initialisers.count(input.name()) != 0) continue;  // a weight's default, as files of old have it
      define(input.name(), "an input");
      FileInput read{input.name(), {}};
      for (const auto& dimension : input.type().tensor_type().shape().dim()) {
        read.shape.push_back(dimension.has_dim_value() ? dimension.dim_value() : -1);
        if (read.shape.back() < -1) bad(fmt::format("input '{}' has a negative size", input.name()));
      }
      content_.inputs.push_back(std::move(read));
    }
  }

  void check_nodes() {
    if (content_.graph().node_size() > kMostNodes) bad(fmt::format("has more than {} nodes", kMostNodes));
    for (const auto& node : content_.graph().node()) {
      const std::string called = fmt::format(
          "{} '{}'", node.op_type(), node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name());
      if (!is_text(called)) bad("the name of a node is not text");
      for (const std::string& input : node.input()) {
        if (input.empty() || known_.count(input) != 0) continue;
        bad(fmt::format("{} reads '{}', which nothing before it makes; nodes must come after what they read", called,
                        input));
      }
      for (const std::string& output : node.output()) {
        if (!output.empty()) define(output, "a node's output");
      }
    }
  }

  OnnxFile::Content& content_;
  std::set<std::string> known_;
};

}  // namespace

OnnxFile OnnxFile::parse(std::span<const std::byte> bytes, const std::string& source) {
  auto content = std::make_unique<Content>();
  content->source = source;
  content->model = parse_model(bytes, source);
  Checker(*content).check();
  content->sha256 = longtake::sha256(bytes);
  content->model.mutable_graph()->clear_initializer();  // their numbers are in tensors now
  return OnnxFile(std::move(content));
}

OnnxFile OnnxFile::read(const Files::Path& path, const Files& files) {
  const std::string bytes = files.read(path);
  return parse(std::as_bytes(std::span(bytes)), path.string());
}

OnnxFile::OnnxFile(std::unique_ptr<Content> content) : content_(std::move(content)) {}
OnnxFile::~OnnxFile() = default;
OnnxFile::OnnxFile(OnnxFile&&) noexcept = default;

const std::string& OnnxFile::source() const { return content_->source; }
std::vector<FileInput> OnnxFile::inputs() const { return content_->inputs; }
const std::string& OnnxFile::sha256() const { return content_->sha256; }

bool OnnxFile::has_tensor(const std::string& name) const {
  for (const FileInput& input : content_->inputs) {
    if (input.name == name) return true;
  }
  for (const onnx_format::NodeProto& node : content_->graph().node()) {
    for (const std::string& output : node.output()) {
      if (output == name) return true;
    }
  }
  return false;
}

std::vector<std::string> OnnxFile::outputs() const {
  std::vector<std::string> names;
  for (const auto& output : content_->graph().output()) names.push_back(output.name());
  return names;
}

}  // namespace longtake::onnx
