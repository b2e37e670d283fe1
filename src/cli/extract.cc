// longtake extract: the features of a frozen encoder, computed once for all videos of a recipe.
#include <fmt/format.h>

#include <memory>
#include <mutex>
#include <vector>

#include "base/files.h"
#include "base/threads.h"
#include "cli/cli.h"
#include "cli/tally.h"
#include "data/features.h"
#include "longtake/error.h"
#include "runtime/program.h"
#include "tasks/extract.h"
#include "training/train_recipe.h"

namespace longtake::cli {

namespace {

struct ExtractOptions {
  std::string recipe;
  std::vector<std::string> overrides;
  std::string output;
  int threads = 0;
  bool again = false;
};

// A program of the encoder for every thread that asks for one.
class Programs {
 public:
  explicit Programs(std::shared_ptr<const graph::Model> encoder) : encoder_(std::move(encoder)) {}

  // Runs use(program) on one that nobody else uses.
  template <class Use>
  auto with(const Use& use) {
    std::unique_ptr<runtime::Program> program = take();
    auto result = use(*program);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(program));
    return result;
  }

 private:
  std::unique_ptr<runtime::Program> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<runtime::Program> program = std::move(idle_.back());
        idle_.pop_back();
        return program;
      }
    }
    return std::make_unique<runtime::Program>(encoder_, "main", runtime::ProgramOptions{.threads = 1});
  }

  std::shared_ptr<const graph::Model> encoder_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<runtime::Program>> idle_;
};

// Why an item has no features, or not of the whole of it; empty when all is well.
std::string extract_one(const tasks::CutModel& cut, graph::Executor& executor, const InputSpec& input,
                        const FeatureSource& source, const DatasetItem& item) {
  Clip video;
  try {
    video = read_clip_for(input, item);
  } catch (const Error& error) {
    return error.what();
  }
  save_features(real_files(), source, item, tasks::extract_features(cut.encoder, executor, video));
  const std::string reason = partial_reason(video.stats);
  return reason.empty() ? "" : fmt::format("{}: {}", item.id, reason);
}

int extract(const ExtractOptions& options) {
  const Options recipe = load_recipe(options.recipe, options.overrides);
  return in_recipe(options.recipe, recipe, [&] {
    const training::TrainRecipe read = training::read_train_recipe(recipe);
    const Dataset dataset = read.list_data(real_files());
    const auto log = terminal_log(false);
    const graph::Model model = training::make_model(recipe, read, dataset.labels, real_files(), *log);
    const tasks::CutModel cut = tasks::cut_at_encoder(model);
    const FeatureSource source{options.output, tasks::feature_fingerprint(cut.encoder)};
    for (const DatasetItem& item : dataset.items) {
      const auto other = features_of_another(real_files(), source, item);
      if (!other) continue;
      throw ConfigError(fmt::format(
          "{}: another encoder or another [input] made these features; name another folder, or delete them first",
          other->string()));
    }
    real_files().create_directories(source.folder);

    std::vector<const DatasetItem*> items;
    for (const DatasetItem& item : dataset.items) {
      if (options.again || !has_features(real_files(), source, item)) items.push_back(&item);
    }
    if (items.size() < dataset.items.size()) {
      tell(fmt::format("{} are there already; --again extracts them, too", dataset.items.size() - items.size()));
    }
    Programs programs(std::make_shared<const graph::Model>(cut.encoder));
    Tally tally("extracting", static_cast<std::int64_t>(items.size()));
    ThreadPool pool(options.threads == 0 ? core_count() : options.threads);
    pool.parallel_for(static_cast<std::int64_t>(items.size()), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end && !interrupted(); ++i) {
        tally.add(programs.with(
            [&](graph::Executor& executor) { return extract_one(cut, executor, read.input, source, *items[i]); }));
      }
    });
    const std::vector<std::string> problems = tally.finish();
    for (const std::string& problem : problems) tell(problem);
    if (interrupted()) {
      tell("interrupted; the same command goes on where it stopped");
      return kFailed;
    }
    tell(fmt::format("features of {} videos are in {}; train with train.features=\"{}\"",
                     dataset.items.size() - problems.size(), options.output, options.output));
    return problems.empty() ? kDone : kPartial;
  });
}

}  // namespace

void add_extract(CLI::App& app, Run& run) {
  auto options = std::make_shared<ExtractOptions>();
  CLI::App* verb = app.add_subcommand("extract", "Computes a frozen encoder's features once, to train from");
  verb->add_option("recipe", options->recipe, "recipe whose model has an encoder that does not learn")->required();
  verb->add_option("overrides", options->overrides, "section.key=value, in place of what the recipe says");
  verb->add_option("-o,--output", options->output, "folder for the features, a safetensors file a video")->required();
  add_precise(*verb);
  add_weight_format(*verb);
  verb->add_option("--threads", options->threads, "videos at once; 0 takes all cores")->check(whole_number(0, 1024));
  verb->add_flag("--again", options->again, "also where features are there already");
  verb->footer(
      "Examples:\n"
      "  longtake extract recipes/squeezenet/deep_lstm.toml -o features\n"
      "  longtake train recipes/squeezenet/deep_lstm.toml 'train.features=\"features\"'");
  verb->callback([options, &run] { run = [options] { return extract(*options); }; });
}

}  // namespace longtake::cli
