// The ways in which results are written down, by name: what `--format` of predict and stream offers.
//
// A writer returns text; where it goes is the caller's business. For many files it gives head(), then video() for each,
// then tail(); for a stream head(), then frame() as the frames come, then finish() and tail(). docs/output.md describes
// the formats.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/events.h"
#include "tasks/result.h"

namespace longtake::reports {

// What is wanted of each video: JSON lines give the frames besides the whole, CSV in its place; with kAttention JSON
// lines also tell where the model looked at each.
enum class Detail : std::uint8_t { kVideo, kFrames, kAttention };

// What a live source has lost so far, next to what it gave.
struct LiveCounters {
  std::int64_t dropped = 0;     // frames left out because newer ones had come
  std::int64_t reconnects = 0;  // times the source was lost and found again
};

class ResultWriter {
 public:
  virtual ~ResultWriter() = default;

  // What comes before the first result.
  virtual std::string head() { return {}; }

  // A whole video. Throws InvalidArgument when there are scores, but not one per label, or a label is none of them.
  virtual std::string video(const tasks::VideoResult& result) = 0;

  // A frame of a stream as it happens, and the events that it started or ended. `live` is empty for files.
  virtual std::string frame(std::string_view source, const tasks::FrameScores& frame,
                            std::span<const tasks::EventEdge> edges, const std::optional<LiveCounters>& live) = 0;

  // The end of the stream: events that ended with it, and the whole as far as it is known (result.frames may be empty).
  virtual std::string finish(const tasks::VideoResult& result, std::span<const tasks::EventEdge> edges,
                             const std::optional<LiveCounters>& live) = 0;

  // What comes after the last result.
  virtual std::string tail() { return {}; }
};

struct ResultFormat {
  std::string_view name;       // "jsonl"
  std::string_view extension;  // ".jsonl"
  std::string_view summary;    // one line for --help
  bool many;                   // several videos can be told apart in one output; else each needs a file of its own
  bool named;                  // and are so by the names of their files without folder and extension
  // A writer for a model with these labels. Streams want Detail::kFrames.
  std::unique_ptr<ResultWriter> (*writer)(const std::vector<std::string>& labels, Detail detail);
};

// "jsonl" (the default), "csv", "vtt", "srt" and "activitynet".
std::span<const ResultFormat> result_formats();

// What the options `--frames` and `--attention` mean together. Throws ConfigError where the format has no attention.
Detail detail_of(const ResultFormat& format, bool frames, bool attention);

// Throws ConfigError that suggests the format which was probably meant.
const ResultFormat& result_format(std::string_view name);

}  // namespace longtake::reports
