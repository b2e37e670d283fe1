// Adds a graph to a model node by node, and knows every shape as it goes, so that a mistake is told where it is made.
//
//   Builder b(model, "main");
//   ValueId frame = b.input("frame", {3, 32, 32});
//   ValueId map = conv2d(b, "conv1", frame, {.channels = 16, .kernel = 3, .pad = 1});   // layers/
//   b.output("scores", map);
//   b.finish();
#pragma once

#include <span>
#include <string>
#include <vector>

#include "graph/model.h"

namespace longtake::graph {

class Builder {
 public:
  Builder(Model& model, std::string graph_name);

  // An input of nominal per-row `shape`. A `once` input is given a single time per sequence, with its first tick.
  ValueId input(const std::string& name, Shape shape, bool once = false);

  // Declares a parameter of the model and returns its full name, which is prefixed with the current scopes. Declaring
  // the same name again (two graphs that share it) must repeat the same shape.
  std::string parameter(Parameter parameter);
  // The parameter as a `once` value: a learned initial state.
  ValueId parameter_value(const std::string& name, const std::string& parameter);

  // Adds a node and returns its outputs. `name` is prefixed with the current scopes. Throws InvalidArgument that names
  // the op, the node and the shapes when they do not fit.
  std::vector<ValueId> node(const std::string& op, const std::string& name, std::vector<ValueId> inputs,
                            Attributes attributes = {}, std::vector<std::string> parameters = {});

  // The unit delay, whose input comes later by connect(). Sizes of `shape` that are -1 are those of `like` (or of
  // `init`). `init` is a `once` value for the first tick of a sequence; without it that is zero.
  ValueId delay(const std::string& name, Shape shape, ValueId init = kNoValue, ValueId like = kNoValue);
  void connect(ValueId delay, ValueId next);
  // The row of `x` before this one; at the first row of a sequence, that row itself. Lies on no loop.
  ValueId previous(const std::string& name, ValueId x);

  void output(const std::string& name, ValueId value);
  void feedback(const std::string& output, const std::string& input, bool discrete = false);

  const Shape& shape(ValueId value) const { return shapes_.at(value); }

  // Everything added while the scope lives belongs to the region and has "name." before its own name.
  class Scope {
   public:
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();

   private:
    friend class Builder;
    explicit Scope(Builder& builder) : builder_(builder) {}
    Builder& builder_;
  };
  [[nodiscard]] Scope region(const std::string& kind, const std::string& name);

  // Puts the graph into the model. Throws InvalidArgument when a delay was never connected.
  void finish();

 private:
  std::string scoped(const std::string& name) const;

  Model& model_;
  Graph graph_;
  std::vector<Shape> shapes_;
  std::int32_t region_ = -1;
};

}  // namespace longtake::graph
