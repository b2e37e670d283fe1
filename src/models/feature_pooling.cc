// The five feature poolings of Ng, Hausknecht, Vijayanarasimhan et al. 2015, "Beyond Short Snippets: Deep Networks for
// Video Classification" (1503.08909), section 3.1: what is pooled over time is the last map of the CNN, before, between
// or after two fully connected layers. Every pooling is a running value, so a stream has an answer at every frame.
#include "layers/basic.h"
#include "layers/slots.h"
#include "models/classifier.h"
#include "models/registry.h"

namespace longtake::models {

namespace {

using graph::ValueId;

// Options that all five have, with the paper's values as defaults:
//   encoder = "caffenet"          its last map is what is pooled (AlexNet's pool5, 256 x 6 x 6)
//   fc_sizes = [4096, 4096]       the fully connected layers
//   dropout = 0.5                 after each of them
//   pooling = "max"               over time; or "average", which the paper found worse
//   spatial_pooling = "none"      or "average", "max": of the map before the fully connected layers, for maps so large
//                                 that these would have too many weights
//   frames = 120                  of a clip in the test
// and those with a window
//   window = 10                   frames
//   stride = 5                    frames between the beginnings of two windows
struct Pooling {
  Pooling(const Options& given, const Purpose& purpose)
      : options(given), b(model, "main"), classes(class_count(purpose)) {
    fc_sizes = options.get<std::vector<std::int64_t>>("fc_sizes", {4096, 4096});
    for (std::int64_t size : fc_sizes) {
      if (size < 1) throw options.error("fc_sizes", "must be at least 1, each");
    }
    dropout = dropout_share(options, "dropout", 0.5);
    average = choice("pooling", "max", {"max", "average"}) == "average";
    map = frame_map(b, options, purpose, "caffenet");
    const std::string spatial = choice("spatial_pooling", "none", {"none", "average", "max"});
    if (spatial != "none") {
      map = spatial == "max" ? layers::global_max_pool(b, "spatial_pool", map)
                             : layers::global_average_pool(b, "spatial_pool", map);
      map = layers::reshape(b, "pooled_map", map, {-1, 1, 1});
    }
    add_clip_protocol(model, purpose, size_option(options, "frames", 120));
  }

  std::string choice(const std::string& key, const std::string& otherwise, std::vector<std::string> choices) const {
    return options.get_choice(key, otherwise, choices);
  }

  layers::WindowValues window(ValueId x) {
    return layers::window(b, "window", x,
                          {.size = size_option(options, "window", 10), .stride = size_option(options, "stride", 5)});
  }

  // Over the frames so far.
  ValueId pool(const std::string& name, ValueId x) {
    return b.node(average ? "running_mean" : "running_max", name, {x}).front();
  }
  ValueId pool(const std::string& name, const layers::WindowValues& window) {
    return average ? layers::mean_over_slots(b, name, window) : layers::max_over_slots(b, name, window);
  }

  // The fully connected layers [first, last) on a flat value, named as in AlexNet.
  ValueId connected(ValueId x, std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last && i < fc_sizes.size(); ++i) {
      const std::string number = std::to_string(6 + i);
      x = layers::relu(b, "relu" + number, layers::linear(b, "fc" + number, x, fc_sizes[i]));
      x = layers::dropout(b, "drop" + number, x, dropout);
    }
    return x;
  }
  ValueId flat_map() { return layers::flatten(b, "flat", map); }

  // `x` may come more slowly than the frames; the answer is then the newest.
  graph::Model finish(ValueId x, bool slow) {
    ValueId logits = layers::linear(b, "classifier", x, classes);
    if (slow) logits = b.node("latest", "newest", {logits}).front();
    answer(b, logits);
    b.finish();
    return std::move(model);
  }

  const Options& options;
  graph::Model model;
  graph::Builder b;
  std::int64_t classes;
  std::vector<std::int64_t> fc_sizes;
  double dropout;
  bool average;
  ValueId map;
};

constexpr std::size_t kAll = 64;

}  // namespace

// S(F(max over t of x_t)): the maps of all frames are pooled, places kept.
graph::Model conv_pooling(const Options& options, const Purpose& purpose) {
  Pooling p(options, purpose);
  const ValueId pooled = p.pool("pool", p.map);
  return p.finish(p.connected(layers::flatten(p.b, "flat", pooled), 0, kAll), false);
}

// S(max over t of F(x_t)): high-level features are pooled; F is shared by the frames.
graph::Model late_pooling(const Options& options, const Purpose& purpose) {
  Pooling p(options, purpose);
  return p.finish(p.pool("pool", p.connected(p.flat_map(), 0, kAll)), false);
}

// y_j = FC1(max over the j-th window of x); S(FC2(max over j of y_j)).
graph::Model slow_pooling(const Options& options, const Purpose& purpose) {
  Pooling p(options, purpose);
  const ValueId local = p.connected(p.pool("local_pool", p.window(p.flat_map())), 0, 1);
  return p.finish(p.connected(p.pool("pool", local), 1, kAll), true);
}

// y_j = F(max over the j-th window of x); a softmax over all y_j side by side, without a second pooling.
//   windows = 5   y_j that are joined, the newest last: those of 30 frames; missing ones are zeros
graph::Model local_pooling(const Options& options, const Purpose& purpose) {
  Pooling p(options, purpose);
  const ValueId local = p.connected(p.pool("local_pool", p.window(p.flat_map())), 0, kAll);
  const auto joined =
      layers::window(p.b, "joined", local, {.size = size_option(options, "windows", 5), .partial = true});
  return p.finish(layers::flatten(p.b, "side_by_side", joined.slots), true);
}

// Convolutions over the frames of a window, then S(F(max over the windows)).
//   kernels = 256         convolutions of 3 x 3 places by `window` frames
//   reduced_channels = 0  channels after the 1 x 1 dimension reduction before them; 0 leaves it out
graph::Model time_domain_conv(const Options& options, const Purpose& purpose) {
  Pooling p(options, purpose);
  const std::int64_t reduced = size_option(options, "reduced_channels", 0, 0);
  ValueId x = p.map;
  if (reduced > 0) {
    x = layers::relu(p.b, "reduce.relu", layers::conv2d(p.b, "reduce", x, {.channels = reduced, .kernel = 1}));
  }
  const Shape shape = p.b.shape(x);
  const auto window = p.window(x);
  const std::int64_t frames = p.b.shape(window.slots)[0];
  x = layers::reshape(p.b, "frames_as_channels", window.slots, {frames * shape[0], shape[1], shape[2]});
  x = layers::conv2d(p.b, "time_conv", x, {.channels = size_option(options, "kernels", 256), .kernel = 3, .pad = 1});
  x = p.pool("pool", layers::relu(p.b, "time_relu", x));
  return p.finish(p.connected(layers::flatten(p.b, "flat", x), 0, kAll), true);
}

}  // namespace longtake::models
