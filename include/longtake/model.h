// A trained model as it comes from a model file: what it is, what it wants to be fed and what it answers. To run it,
// give it to a Session (session.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "longtake/input_spec.h"
#include "longtake/tensor.h"

namespace longtake {

namespace graph {
struct Model;
}

// A cheap handle: copies share one model, which never changes, so any number of threads may use it at once.
class Model {
 public:
  // Reads a model file (docs/model-file.md). Throws IoError when it cannot be read, BadData when it is not a whole and
  // sound model file; both name the file.
  static Model load(const std::string& path);
  // For longtake's own modules. Throws InvalidArgument when `model` is null or not consistent.
  explicit Model(std::shared_ptr<const graph::Model> model);

  const std::string& name() const;                               // such as "lrcn"
  const std::string& task() const;                               // such as "classify"
  const std::vector<std::string>& labels() const;                // of the scores, in order; may be empty
  const std::map<std::string, InputSpec>& inputs() const;        // how each input wants to be fed
  const std::map<std::string, std::string>& protocol() const;    // how the paper tests it
  const std::map<std::string, std::string>& provenance() const;  // recipe, data, seed, licence, versions
  std::vector<std::string> graphs() const;  // names; the first is the one a Session takes by default
  std::int64_t parameter_count() const;     // learnable numbers

  const std::shared_ptr<const graph::Model>& internal() const { return model_; }

 private:
  std::shared_ptr<const graph::Model> model_;
};

}  // namespace longtake
