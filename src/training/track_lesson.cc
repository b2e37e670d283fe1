// The lesson of models that follow storms: windows begin with a state of nothing, and every frame's map counts.
#include "longtake/error.h"
#include "tasks/track.h"
#include "training/window_lesson.h"

namespace longtake::training {

namespace {

constexpr std::int64_t kTrackFrames = 10;  // the sequences of the paper, thirty hours

class TrackLesson final : public WindowLesson {
 public:
  explicit TrackLesson(const TrainRequest& request) : WindowLesson(request) {
    const std::int64_t frames = options_.clip_frames > 0 ? options_.clip_frames : kTrackFrames;
    plan_ = graph::make_plan(model_, model_.graph("main"));
    density_ = static_cast<std::size_t>(&plan_.graph->output("density") - plan_.graph->outputs.data());
    if (loss_.cross_entropy > 0) {
      throw ConfigError("[train.loss]: cross_entropy needs a model whose output is \"sigmoid\"");
    }
    // The paper's loss does not see an offset of the whole map; the squared error does, so that thresholds keep their
    // meaning.
    if (!loss_.any()) loss_.pairwise = loss_.squared = 1;
    const tasks::WindowShape shape{.seen = frames, .forecast = 0, .extrapolation = {}};
    open(request, shape, shape);
  }

  void begin(const std::shared_ptr<Weights>& weights) override { runner_.emplace(plan_, weights); }

 private:
  WindowLoss loss_of(const WindowBatch& batch, const RunOptions& run) override { return loss_by(*runner_, batch, run); }

  WindowLoss loss_of(const WindowBatch& batch, const std::shared_ptr<const Weights>& weights) const override {
    GraphRunner runner(plan_, weights);
    return loss_by(runner, batch, {});
  }

  WindowLoss loss_by(GraphRunner& runner, const WindowBatch& batch, const RunOptions& run) const {
    WindowLoss loss;
    graph::Chunk& chunk = loss.chunks.emplace_back(new_chunk(shape_.seen, batch.streams(), plan_.graph->inputs.size()));
    chunk.inputs[plan_.graph->input_index("frame")].data = as_rows(batch.frames);
    StreamState state = runner.initial_state(batch.streams());
    loss.value = loss_of_answers(runner.run(chunk, {}, state, run)[density_].data, {}, batch);
    return loss;
  }

  const Shape& frame_shape() const override { return plan_.shapes[plan_.graph->input("frame")]; }

  // read_train_recipe() takes no other data than storms for this task.
  void measure_windows(TrainOutcome&, tasks::WindowSource&) override {
    throw InvalidArgument("storms are measured on sequences with tracks");
  }

  graph::Plan plan_;
  std::size_t density_ = 0;
  std::optional<GraphRunner> runner_;
};

}  // namespace

std::unique_ptr<Lesson> make_track_lesson(const TrainRequest& request) {
  return std::make_unique<TrackLesson>(request);
}

}  // namespace longtake::training
