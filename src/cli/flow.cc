// longtake flow: optical flow of videos, measured once and kept as videos.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/files.h"
#include "base/threads.h"
#include "cli/cli.h"
#include "cli/tally.h"
#include "data/flow_input.h"
#include "data/flow_video.h"
#include "data/folders.h"
#include "data/video_input.h"
#include "longtake/error.h"

namespace longtake::cli {

namespace {

using Path = std::filesystem::path;

struct FlowOptions {
  std::vector<std::string> sources;
  std::string output;
  InputSpec spec{.flow = "tvl1"};
  int crf = 0;
  int threads = 0;
  bool again = false;
};

struct Job {
  Path source;
  Path target;
};

// The videos of a source, each with its place below the output directory: a folder keeps its structure.
void add_jobs(const Path& source, const Path& output, std::vector<Job>& jobs) {
  if (!std::filesystem::is_directory(source)) {
    jobs.push_back({source, output / source.filename().replace_extension(".mp4")});
    return;
  }
  const std::size_t before = jobs.size();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source)) {
    if (!entry.is_regular_file() || !has_video_extension(entry.path().filename())) continue;
    jobs.push_back({entry.path(), output / entry.path().lexically_relative(source).replace_extension(".mp4")});
  }
  if (jobs.size() == before) throw BadData(fmt::format("{}: there is no video in this folder", source.string()));
  std::sort(jobs.begin() + static_cast<std::ptrdiff_t>(before), jobs.end(),
            [](const Job& a, const Job& b) { return a.source < b.source; });
}

std::vector<Job> jobs_of(const FlowOptions& options) {
  std::vector<Job> jobs;
  for (const std::string& source : options.sources) add_jobs(source, options.output, jobs);
  std::map<Path, Path> taken;
  for (const Job& job : jobs) {
    const auto [other, is_new] = taken.emplace(job.target, job.source);
    if (!is_new) {
      throw ConfigError(
          fmt::format("{} and {} would both be written to {}; give them one by one, with a directory each",
                      other->second.string(), job.source.string(), job.target.string()));
    }
    std::error_code missing;
    if (std::filesystem::equivalent(job.target, job.source, missing)) {
      throw ConfigError(
          fmt::format("{} would be overwritten; name another directory than {}", job.source.string(), options.output));
    }
  }
  return jobs;
}

// Why the flow of a video is missing or not whole; empty when it is there.
std::string measure_one(const Job& job, const FlowOptions& options) {
  try {
    real_files().create_directories(job.target.parent_path());
    const FlowVideo written = write_flow_video(job.source.string(), options.spec, job.target.string(), options.crf,
                                               [] { return !interrupted(); });
    const std::string reason = partial_reason(written.stats);
    return reason.empty() ? "" : fmt::format("{}: {}", job.source.string(), reason);
  } catch (const Error& error) {
    return error.what();
  }
}

int measure(const FlowOptions& options) {
  as_usage("", [&] { check_input(options.spec); });
  std::vector<Job> jobs = jobs_of(options);
  const std::size_t all = jobs.size();
  if (!options.again) std::erase_if(jobs, [](const Job& job) { return std::filesystem::exists(job.target); });
  if (jobs.size() < all) tell(fmt::format("{} are there already; --again measures them, too", all - jobs.size()));
  Tally tally("measuring flow", static_cast<std::int64_t>(jobs.size()));
  ThreadPool pool(options.threads == 0 ? core_count() : options.threads);
  pool.parallel_for(static_cast<std::int64_t>(jobs.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end && !interrupted(); ++i) tally.add(measure_one(jobs[i], options));
  });
  const std::vector<std::string> problems = tally.finish();
  for (const std::string& problem : problems) tell("warning: " + problem);
  if (interrupted()) {
    tell("interrupted; the same command goes on");
    return kPartial;
  }
  tell(fmt::format("flow of {} videos in {}, {} with problems", jobs.size(), options.output, problems.size()));
  return problems.empty() ? kDone : kPartial;
}

}  // namespace

void add_flow(CLI::App& app, Run& run) {
  CLI::App* verb = app.add_subcommand("flow", "Measure optical flow once and keep it as videos to train from");
  auto options = std::make_shared<FlowOptions>();
  InputSpec& spec = options->spec;
  verb->add_option("sources", options->sources, "Videos, or folders with all videos below them")->required();
  verb->add_option("-o,--output", options->output, "The directory to write to; folders keep their structure")
      ->required();
  verb->add_option("--method", spec.flow, fmt::format("{}", fmt::join(kFlowMethods, ", ")))
      ->check(CLI::IsMember(std::vector<std::string>(kFlowMethods.begin(), kFlowMethods.end())))
      ->capture_default_str();
  verb->add_option("--coding", spec.flow_coding, fmt::format("{}", fmt::join(kFlowCodings, ", ")))
      ->check(CLI::IsMember(std::vector<std::string>(kFlowCodings.begin(), kFlowCodings.end())))
      ->capture_default_str();
  verb->add_option("--fps", spec.fps, "Frames of flow a second; 0: one for every frame of the video")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  verb->add_option("--flow-fps", spec.flow_fps, "Measure between pictures at this rate, a multiple of --fps")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  verb->add_option("--width", spec.width, "Pictures are resized to it first; 0 keeps the video's own size")
      ->check(whole_number(0, 16384))
      ->capture_default_str();
  verb->add_option("--height", spec.height, "The same")->check(whole_number(0, 16384))->capture_default_str();
  verb->add_option("--resize", spec.resize, "stretch or shorter_side")
      ->check(CLI::IsMember({"stretch", "shorter_side"}))
      ->capture_default_str();
  verb->add_option("--crf", options->crf, "0 loses nothing; up to 51 is smaller and worse")
      ->check(CLI::Range(0, 51))
      ->capture_default_str();
  verb->add_option("--threads", options->threads, "Videos at once; 0 takes all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verb->add_flag("--again", options->again, "Measure also what is there already");
  verb->footer(
      "Recipes read the videos with [input] flow = \"video\", so that mirrors turn the motion round.\nExamples:\n"
      "  longtake flow UCF-101 -o UCF-101-flow --width 320 --height 240\n"
      "  longtake flow long.mp4 -o flow --coding snippets --fps 1 --flow-fps 15");
  verb->callback([&run, options] { run = [options] { return measure(*options); }; });
}

}  // namespace longtake::cli
