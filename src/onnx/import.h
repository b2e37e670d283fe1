// ONNX files as nodes of a graph, with their numbers as parameters. docs/onnx.md lists what can be read.
//
// An ONNX graph sees whole batches and whole sequences, a graph of ours one frame of one stream. So every dimension of
// an ONNX tensor is either one of ours, or goes over frames, ticks or streams, and never both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "graph/builder.h"

namespace longtake::onnx {

// What a dimension of an ONNX tensor is.
enum class Axis : std::uint8_t {
  kRow,     // frames, whatever their ticks and streams: the batch of a network for pictures
  kTick,    // the frames of a stream: the sequence of an LSTM
  kStream,  // the streams: the batch of an LSTM
  kData,    // a dimension of the value
};
using Axes = std::vector<Axis>;

// An ONNX tensor as a value: the k-th kData of `axes` is dimension k of its rows.
struct Bound {
  graph::ValueId value = graph::kNoValue;
  Axes axes;
};

// An input of the file that is no weight. An unknown size is -1.
struct FileInput {
  std::string name;
  Shape shape;
};

// A file that was read and checked: one graph of known version in which what a node reads comes before the node, names
// are unique, and tensors are as large as they say.
class OnnxFile {
 public:
  // Throws IoError, or BadData that names the file, the place and the rule it breaks; Unsupported for what ONNX allows
  // and this reader does not: sparse tensors, numbers outside the file, other versions.
  static OnnxFile read(const Files::Path& path, const Files& files = real_files());
  // `source` is the name used in errors.
  static OnnxFile parse(std::span<const std::byte> bytes, const std::string& source);
  ~OnnxFile();
  OnnxFile(OnnxFile&&) noexcept;

  const std::string& source() const;
  std::vector<FileInput> inputs() const;
  std::vector<std::string> outputs() const;
  // Whether an input or the output of a node has this name.
  bool has_tensor(const std::string& name) const;
  // Of the bytes, 64 hexadecimal digits.
  const std::string& sha256() const;

  struct Content;
  const Content& content() const { return *content_; }

 private:
  explicit OnnxFile(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

struct ImportOptions {
  // Weights do not learn, batch norm is folded into the convolution before it, dropout is left out. Else weights learn,
  // batch norm takes its statistics from the batch when it trains, and dropout drops.
  bool frozen = true;
  double learning_rate = 1;                 // multiplier of what learns
  std::map<std::string, Tensor> constants;  // inputs with these numbers, float32 or int64, as if the file held them
};

struct Imported {
  std::vector<Bound> taps;                // in the order asked for
  std::map<std::string, Tensor> weights;  // of the parameters that were declared, by full name
};

// Adds to the builder's current scope what the tensors `taps` need of the file (empty: its outputs). `inputs` gives the
// file's inputs as values. Throws BadData where the file contradicts itself or the values, Unsupported for an op or an
// attribute that docs/onnx.md does not list; both name the file, the node and the op and say what to do.
Imported import_graph(const OnnxFile& file, graph::Builder& b, const std::map<std::string, Bound>& inputs,
                      const std::vector<std::string>& taps, const ImportOptions& options = {});

// The numbers of the tensors `taps` (empty: the outputs) of a file in which they depend on constants only, which
// `constants` gives for the file's inputs. Throws as import_graph.
std::vector<Tensor> fold_graph(const OnnxFile& file, const std::vector<std::string>& taps,
                               const std::map<std::string, Tensor>& constants);

// The ops of docs/onnx.md, sorted.
std::vector<std::string> supported_ops();

}  // namespace longtake::onnx
