// Decodes every item of a dataset and notes what went wrong.
#include "data/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "data/annotations.h"
#include "data/video_input.h"
#include "longtake/error.h"
#include "longtake/video_reader.h"

namespace longtake {
namespace {

// What is wrong with the intervals of a video that ends at `end_s`; empty for nothing.
std::string outside_reason(const DatasetItem& item, double end_s) {
  for (const Interval& interval : item.intervals) {
    if (interval.start_s < end_s && interval.end_s <= end_s + kRounding) continue;
    return fmt::format("{}: an interval from {} s to {} s lies outside the video, which ends at {:.2f} s",
                       item.path.string(), interval.start_s, interval.end_s, end_s);
  }
  return "";
}

// The end of an item's part may be rounded by so much, in seconds.
constexpr double kPartRounding = 0.1;

// Where a video ends of which `frame` is the last one that was read, whatever its container claims.
double end_of(const MediaInfo& info, const Frame& frame) {
  return std::max(info.start_s + info.duration_s, frame.time_s + (info.fps > 0 ? 1 / info.fps : 0));
}

void check_part(const DatasetItem& item, const MediaInfo& info, double end_s, CheckedItem& checked) {
  // Where the container claims nothing, the last frame may stay on show for longer than the others.
  const double slack_s = info.duration_s > 0 ? kPartRounding : kRounding;
  if (checked.state != FileState::kReadable || !item.end_s || *item.end_s <= end_s + slack_s) return;
  checked.state = FileState::kPartial;
  checked.reason = fmt::format("{}: its part from {} s to {} s ends after the video, which ends at {:.2f} s",
                               checked.path, item.start_s.value_or(info.start_s), *item.end_s, end_s);
}

void check_intervals(const DatasetItem& item, double end_s, CheckedItem& checked) {
  if (checked.state != FileState::kReadable) return;
  checked.reason = outside_reason(item, end_s);
  if (!checked.reason.empty()) checked.state = FileState::kMislabelled;
}

CheckedItem check_item(const DatasetItem& item, const CheckOptions& options) {
  CheckedItem checked{item.id, item.path.string(), FileState::kReadable, "", 0};
  try {
    VideoOptions video;
    video.start_s = item.start_s;
    video.end_s = item.end_s;
    video.fps = options.flow_fps;
    video.decode_all = !options.first_frame_only;
    VideoReader reader = VideoReader::open(checked.path, video);
    Frame frame;
    while (reader.read(frame)) {
      ++checked.frames;
      if (options.first_frame_only && checked.frames == options.fewest_pictures) break;
    }
    const MediaInfo& info = reader.info();
    checked.reason = options.first_frame_only ? "" : partial_reason(reader.stats());
    if (!checked.reason.empty()) {
      checked.state = FileState::kPartial;
      checked.reason = fmt::format("{}: {}", checked.path, checked.reason);
    }
    if (checked.frames == 0) {
      checked.state = FileState::kUnreadable;
      checked.reason = fmt::format("{}: {}", checked.path, no_frame_reason(item, info));
    } else if (checked.frames < options.fewest_pictures) {
      checked.state = FileState::kUnreadable;
      checked.reason = fmt::format("{}: {}", checked.path, nothing_reason(reader.stats()));
    }
    if (!options.first_frame_only || info.duration_s > 0) {
      check_part(item, info, end_of(info, frame), checked);
      check_intervals(item, end_of(info, frame), checked);
    }
  } catch (const Error& error) {
    checked.state = FileState::kUnreadable;
    checked.reason = error.what();
  }
  return checked;
}

}  // namespace

std::vector<CheckedItem> CheckReport::problems() const {
  std::vector<CheckedItem> found;
  std::copy_if(items.begin(), items.end(), std::back_inserter(found),
               [](const CheckedItem& item) { return item.state != FileState::kReadable; });
  return found;
}

CheckReport check(const Dataset& dataset, const CheckOptions& options, ThreadPool& threads) {
  CheckReport report;
  report.items.resize(dataset.items.size());
  threads.parallel_for(static_cast<std::int64_t>(dataset.items.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      report.items[i] = check_item(dataset.items[i], options);
    }
  });
  for (const CheckedItem& item : report.items) {
    if (item.state == FileState::kReadable) ++report.readable;
    if (item.state == FileState::kPartial) ++report.partial;
    if (item.state == FileState::kUnreadable) ++report.unreadable;
    if (item.state == FileState::kMislabelled) ++report.mislabelled;
  }
  return report;
}

}  // namespace longtake
