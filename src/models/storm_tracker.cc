// The tracker of Deep-Hurricane-Tracker (Kim, Kim, Lee et al. 2019, WACV): three ConvLSTM layers on fields of climate
// at full resolution; what the last of them remembers is a map of how near a storm's centre is. Peaks of the maps,
// linked over time, are the tracks.
#include "models/classifier.h"
#include "models/conv_lstm_stack.h"

namespace longtake::models {

// The input's channels are the fields, in any order the input spec says; the output "density" [1, height, width] lies
// between -1 and 1, without a squashing function of its own. Options, with the values of the paper's code as defaults:
//   hidden = [6, 12, 1]      channels of each layer's state; the last is the density
//   kernel = 3               of all convolutions
//   forget_bias = 1.0
//   peepholes = false
graph::Model storm_tracker(const Options& options, const Purpose& purpose) {
  graph::Model model;
  ConvLstmStack stack = read_conv_lstm_stack(options, {.hidden = {6, 12, 1}, .peepholes = false, .forget_bias = 1});
  if (stack.hidden.back() != 1) throw options.error("hidden", "must end with 1, the density");
  stack.input_kernel = stack.hidden_kernel = odd_option(options, "kernel", 3);
  graph::Builder b(model, "main");
  graph::ValueId x = b.input("frame", frame_shape(purpose.input));
  for (std::size_t number = 1; number <= stack.hidden.size(); ++number) {
    x = stack(b, "lstm" + std::to_string(number), number, x, {graph::kNoValue, graph::kNoValue}).hidden;
  }
  b.output("density", x);
  b.finish();
  model.inputs["frame"] = purpose.input;
  return model;
}

}  // namespace longtake::models
