#include "reports/result_writer.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "longtake/error.h"
#include "reports/activitynet.h"
#include "reports/csv.h"
#include "reports/json_lines.h"
#include "reports/subtitles.h"

namespace longtake::reports {
namespace {

template <class Writer>
std::unique_ptr<ResultWriter> make(const std::vector<std::string>& labels, Detail detail) {
  return std::make_unique<Writer>(labels, detail);
}

std::unique_ptr<ResultWriter> make_vtt(const std::vector<std::string>& labels, Detail) {
  return std::make_unique<SubtitleWriter>(labels, SubtitleKind::kWebVtt);
}
std::unique_ptr<ResultWriter> make_srt(const std::vector<std::string>& labels, Detail) {
  return std::make_unique<SubtitleWriter>(labels, SubtitleKind::kSubRip);
}

std::unique_ptr<ResultWriter> make_activitynet(const std::vector<std::string>& labels, Detail) {
  return std::make_unique<ActivityNetWriter>(labels);
}

constexpr std::string_view kAttentionFormat = "jsonl";

constexpr std::array<ResultFormat, 5> kFormats = {{
    {kAttentionFormat, ".jsonl", "JSON lines: one object per video, or per frame of a stream", true, false,
     make<JsonLinesWriter>},
    {"csv", ".csv", "comma separated values: one row per video, or per frame", true, false, make<CsvWriter>},
    {"vtt", ".vtt", "WebVTT: events as subtitles, for browsers", false, false, make_vtt},
    {"srt", ".srt", "SubRip: events as subtitles, for players", false, false, make_srt},
    {"activitynet", ".json", "events as the predictions that ActivityNet's evaluators take", true, true,
     make_activitynet},
}};

}  // namespace

std::span<const ResultFormat> result_formats() { return kFormats; }

Detail detail_of(const ResultFormat& format, bool frames, bool attention) {
  if (attention && format.name != kAttentionFormat) {
    throw ConfigError(
        fmt::format("--attention is written by --format {} only, not by {}", kAttentionFormat, format.name));
  }
  if (attention) return Detail::kAttention;
  return frames ? Detail::kFrames : Detail::kVideo;
}

const ResultFormat& result_format(std::string_view name) {
  std::vector<std::string> names;
  for (const ResultFormat& format : kFormats) {
    if (format.name == name) return format;
    names.emplace_back(format.name);
  }
  throw ConfigError(unknown_name_message("format", name, "", names));
}

}  // namespace longtake::reports
