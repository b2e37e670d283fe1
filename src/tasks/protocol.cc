#include "tasks/protocol.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "longtake/error.h"

namespace longtake::tasks {

std::string Protocol::describe() const {
  std::string crop = crops == 1 ? "centre crop" : fmt::format("{} crops", crops);
  if (clip == 0) return fmt::format("whole video, {}, state carried from the first frame to the last", crop);
  const std::string which = clips > 0 ? fmt::format("{} clips of {} frames at equal distances", clips, clip)
                                      : fmt::format("{}-frame clips every {}", clip, stride);
  const std::string of_clip = model_aggregate   ? ", the model's own answer after each"
                              : last_frames > 0 ? fmt::format(", the last {} frames of each", last_frames)
                                                : "";
  return fmt::format("{}, {}, state reset at each clip{}{}", which, crop, of_clip, votes ? ", majority of clips" : "");
}

void read_protocol(const Options& evaluate, graph::Model& model) {
  for (const char* key : {"clip", "stride", "clips", "crops", "last_frames"}) {
    if (evaluate.has(key)) model.protocol[key] = std::to_string(evaluate.require<std::int64_t>(key));
  }
  const std::vector<std::string> answers{"frames", "video"};
  if (evaluate.has("answer")) model.protocol["answer"] = evaluate.get_choice("answer", "frames", answers);
  const std::vector<std::string> fusions{"mean", "vote"};
  if (evaluate.has("fusion")) model.protocol["fusion"] = evaluate.get_choice("fusion", "mean", fusions);
}

Protocol protocol_of(const graph::Model& model) {
  Protocol protocol;
  const auto read = [&](const char* key, std::int64_t& value) {
    const auto found = model.protocol.find(key);
    if (found != model.protocol.end()) value = parse_int64(found->second, fmt::format("the model's protocol.{}", key));
  };
  read("clip", protocol.clip);
  read("stride", protocol.stride);
  read("clips", protocol.clips);
  read("crops", protocol.crops);
  read("last_frames", protocol.last_frames);
  const auto says = [&](const char* key, const char* value) {
    const auto found = model.protocol.find(key);
    return found != model.protocol.end() && found->second == value;
  };
  protocol.model_aggregate = says("answer", "video");
  protocol.votes = says("fusion", "vote");
  if (protocol.last_frames != 0 && (protocol.last_frames < 0 || protocol.clip == 0 || protocol.model_aggregate)) {
    throw BadData(
        fmt::format("the model's protocol counts the last {} frames of a clip, which need to be at least 1 (0: all), "
                    "clips (clip is "
                    "{}) and the answer \"frames\" (it is \"{}\")",
                    protocol.last_frames, protocol.clip, protocol.model_aggregate ? "video" : "frames"));
  }
  const bool known_crops = protocol.crops == 1 || protocol.crops == 5 || protocol.crops == 10;
  if (protocol.clip < 0 || protocol.stride < 1 || protocol.clips < 0 || !known_crops) {
    throw BadData(
        fmt::format("the model's protocol (clip {}, stride {}, clips {}, crops {}) makes no sense; clip and clips are "
                    "at least 0, stride is at least 1, crops are 1, 5 or 10",
                    protocol.clip, protocol.stride, protocol.clips, protocol.crops));
  }
  return protocol;
}

std::vector<std::int64_t> clip_starts(std::int64_t frames, std::int64_t clip, std::int64_t stride) {
  if (frames < 1 || clip < 1 || stride < 1) throw InvalidArgument("clips need frames, a length and a stride");
  std::vector<std::int64_t> starts;
  for (std::int64_t start = 0; start < frames; start += stride) {
    starts.push_back(start + clip < frames ? start : std::max<std::int64_t>(0, frames - clip));
    if (frames <= clip) break;
  }
  return starts;
}

std::vector<std::int64_t> even_clip_starts(std::int64_t frames, std::int64_t clip, std::int64_t count) {
  if (frames < 1 || clip < 1 || count < 1) throw InvalidArgument("clips need frames, a length and a number");
  if (frames <= clip) return {0};
  std::vector<std::int64_t> starts;
  for (std::int64_t i = 0; i < count; ++i) {
    // A single clip is the one in the middle.
    starts.push_back(count == 1 ? (frames - clip) / 2 : i * (frames - clip) / (count - 1));
  }
  return starts;
}

std::vector<FrameTransform> crops_of(const Protocol& protocol, const InputSpec& spec) {
  std::vector<FrameTransform> crops(1);
  if (protocol.crops > 1) {
    if (spec.crop_width == 0) {
      throw InvalidArgument(
          fmt::format("{} crops need an input that is cropped, but this model sees whole frames", protocol.crops));
    }
    for (const double y : {0.0, 1.0}) {
      for (const double x : {0.0, 1.0}) crops.push_back({.crop_x = x, .crop_y = y});
    }
  }
  if (protocol.crops == 10) {
    for (int i = 0; i < 5; ++i) {
      crops.push_back(crops[i]);
      crops.back().mirror = true;
    }
  }
  return crops;
}

}  // namespace longtake::tasks
