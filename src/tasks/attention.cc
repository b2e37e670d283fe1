#include "tasks/attention.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake::tasks {

namespace {

AttentionGrid grid_of(const std::string& text, std::int64_t places) {
  constexpr const char* kWhat = "the model's protocol.attention";
  const std::size_t x = std::min(text.find('x'), text.size());
  const std::string_view view = text;
  const AttentionGrid grid{.height = parse_int64(view.substr(0, x), kWhat),
                           .width = parse_int64(view.substr(std::min(x + 1, text.size())), kWhat)};
  if (grid.height < 1 || grid.width < 1 || grid.height > places || grid.height * grid.width != places) {
    throw BadData(fmt::format("{} is {}, but its output \"attention\" has {} places", kWhat, text, places));
  }
  return grid;
}

}  // namespace

std::optional<AttentionOutput> attention_output_of(const graph::Model& model, const graph::Plan& plan) {
  const auto& outputs = plan.graph->outputs;
  const auto found = std::find_if(outputs.begin(), outputs.end(),
                                  [](const graph::Output& output) { return output.name == "attention"; });
  if (found == outputs.end()) return std::nullopt;
  const std::int64_t size = element_count(plan.shape(found->value));
  AttentionOutput attention{static_cast<std::size_t>(found - outputs.begin()), static_cast<std::size_t>(size)};
  const auto protocol = model.protocol.find("attention");
  if (protocol != model.protocol.end()) {
    attention.grid = grid_of(protocol->second, size);
  } else {
    attention.grid.window = size;
    attention.ahead = plan.clocks[found->value].lag;
  }
  return attention;
}

}  // namespace longtake::tasks
