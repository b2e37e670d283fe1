// Windows of videos of any dataset, whose labels do not matter here.
#pragma once

#include "base/options.h"
#include "longtake/input_spec.h"
#include "tasks/windows.h"

namespace longtake::tasks {

// Reads [data] as read_data() does. A video gives its first frames for tests, and any for training; one that is too
// short is BadData. The decoded frames are kept in memory as far as `cache_bytes` go.
ForecastDataOpener read_videos(const Options& data, const InputSpec& input,
                               std::int64_t cache_bytes = std::int64_t{4} << 30);

}  // namespace longtake::tasks
