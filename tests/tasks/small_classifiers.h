// Classifiers that are small enough for tests, and videos for them that exist in memory only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/video_input.h"
#include "graph/model.h"
#include "longtake/video_reader.h"

namespace longtake::test {

// LRCN over gray frames of 16 x 14 of which 14 x 12 are seen, with random weights; classes left, right and up.
std::shared_ptr<const graph::Model> small_lrcn();

// A classifier of the same frames that looks two frames ahead, so that its answers lag by two.
std::shared_ptr<const graph::Model> lagging_classifier();

// The same with an output "attention": the numbers of the frame itself, as weights of a map of 12 x 14 places.
std::shared_ptr<const graph::Model> looking_classifier();

// A classifier of the same frames that needs all frames of a clip: of 40 by its protocol, more than random clips have
// here, or of 7.
std::shared_ptr<const graph::Model> whole_clip_classifier();
std::shared_ptr<const graph::Model> short_clip_classifier();

// Random frames for all, at 10 frames per second from 0.5 s on.
Clip random_clip(std::int64_t frames, std::uint64_t seed = 1);
// The same as they come from a video reader.
std::vector<Frame> frames_of(const Clip& clip);

}  // namespace longtake::test
