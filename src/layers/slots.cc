#include "layers/slots.h"

namespace longtake::layers {

WindowValues window(Builder& b, const std::string& name, ValueId x, const WindowOptions& options) {
  const auto values = b.node("window", name, {x},
                             {{"size", options.size},
                              {"stride", options.stride},
                              {"ahead", options.ahead},
                              {"edge", std::string(options.partial ? "same" : "valid")}});
  return {values[0], values[1]};
}

ValueId max_over_slots(Builder& b, const std::string& name, const WindowValues& window) {
  return b.node("slot_max", name, {window.slots, window.valid}).front();
}

ValueId mean_over_slots(Builder& b, const std::string& name, const WindowValues& window) {
  return b.node("slot_mean", name, {window.slots, window.valid}).front();
}

ValueId overlap_average(Builder& b, const std::string& name, ValueId x, std::int64_t offset) {
  const std::int64_t frames = b.shape(x)[0];
  const WindowValues answers =
      window(b, name + ".answers", x, {.size = frames, .ahead = frames - 1 + offset, .partial = true});
  return b.node("overlap_average", name, {answers.slots, answers.valid}).front();
}

}  // namespace longtake::layers
