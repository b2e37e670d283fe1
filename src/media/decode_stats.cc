#include "media/decode_stats.h"

#include <cstddef>
#include <utility>

namespace longtake::media {
namespace {

constexpr std::size_t kMostProblems = 16;

}  // namespace

void add_problem(DecodeStats& stats, std::string problem) {
  if (stats.problems.size() < kMostProblems) stats.problems.push_back(std::move(problem));
}

void add(DecodeStats& sum, const DecodeStats& more) {
  sum.frames_decoded += more.frames_decoded;
  sum.frames_out += more.frames_out;
  sum.bad_packets += more.bad_packets;
  sum.bad_frames += more.bad_frames;
  sum.skipped += more.skipped;
  sum.repeated += more.repeated;
  sum.resolution_changes += more.resolution_changes;
  sum.truncated = sum.truncated || more.truncated;
  sum.partial = sum.partial || more.partial;
  sum.stopped = sum.stopped || more.stopped;
  for (const std::string& problem : more.problems) add_problem(sum, problem);
}

}  // namespace longtake::media
