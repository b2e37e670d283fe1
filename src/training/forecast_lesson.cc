// The lesson of models that forecast: encoder and forecaster run one after the other, and gradients go through the
// states that bind them.
#include <algorithm>
#include <utility>

#include "longtake/error.h"
#include "tasks/forecast_evaluation.h"
#include "tasks/track.h"
#include "training/window_lesson.h"

namespace longtake::training {

namespace {

// Windows of the report's evaluation; `longtake evaluate` takes all.
constexpr std::int64_t kReportWindows = 256;
constexpr std::size_t kReportFilms = 2;

class ForecastLesson final : public WindowLesson {
 public:
  explicit ForecastLesson(const TrainRequest& request) : WindowLesson(request) {
    if (options_.clip_frames != 0) {
      throw ConfigError(
          "[train]: clip_frames is not for models that forecast; their windows are model.seen + "
          "model.forecast frames long");
    }
    const tasks::ForecastProtocol protocol = tasks::forecast_protocol_of(model_);
    const tasks::WindowShape shape{protocol.seen, protocol.forecast, tasks::takes_advected(model_),
                                   tasks::extrapolation_of(model_)};
    report_shape_ = shape;
    report_shape_.advected = shape.advected || !tasks::answers_storms(model_);
    encode_ = graph::make_plan(model_, model_.graph("encode"));
    forecast_ = graph::make_plan(model_, model_.graph("forecast"));
    for (std::size_t i = 0; i < forecast_.graph->outputs.size(); ++i) {
      if (forecast_.graph->outputs[i].name == "frame") frame_output_ = i;
      if (forecast_.graph->outputs[i].name == "logits") logits_output_ = i;
    }
    if (!loss_.any()) (logits_output_ ? loss_.cross_entropy : loss_.squared) = 1;
    if (loss_.cross_entropy > 0 && !logits_output_) {
      throw ConfigError("[train.loss]: cross_entropy needs a model whose output is \"sigmoid\"");
    }
    open(request, shape, report_shape_);
  }

  void begin(const std::shared_ptr<Weights>& weights) override {
    encoder_.emplace(encode_, weights);
    forecaster_.emplace(forecast_, weights);
  }

 private:
  WindowLoss loss_of(const WindowBatch& batch, const RunOptions& run) override {
    return loss_by(*encoder_, *forecaster_, batch, run);
  }

  WindowLoss loss_of(const WindowBatch& batch, const std::shared_ptr<const Weights>& weights) const override {
    GraphRunner encoder(encode_, weights), forecaster(forecast_, weights);
    return loss_by(encoder, forecaster, batch, {});
  }

  WindowLoss loss_by(GraphRunner& encoder, GraphRunner& forecaster, const WindowBatch& batch,
                     const RunOptions& run) const {
    const std::int64_t streams = batch.streams();
    WindowLoss loss;
    loss.chunks = {new_chunk(shape_.seen, streams, encode_.graph->inputs.size()),
                   new_chunk(shape_.forecast, streams, forecast_.graph->inputs.size())};
    graph::Chunk &seen = loss.chunks[0], &next = loss.chunks[1];
    seen.inputs[0].data = as_rows(batch.frames);
    StreamState state = encoder.initial_state(streams);
    const auto states = encoder.run(seen, {}, state, run);
    if (shape_.advected) {
      next.inputs[forecast_.graph->input_index(tasks::kAdvectedInput)].data = as_rows(batch.advected);
    }
    std::vector<torch::Tensor> given(forecast_.graph->inputs.size());
    apply_bindings(model_, *encode_.graph, states, *forecast_.graph, next, given);
    StreamState begun = forecaster.initial_state(streams);
    const auto outputs = forecaster.run(next, given, begun, run);
    const torch::Tensor logits = logits_output_ ? outputs[*logits_output_].data : torch::Tensor();
    loss.value = loss_of_answers(outputs[frame_output_].data, logits, batch);
    return loss;
  }

  const Shape& frame_shape() const override { return encode_.shapes[encode_.graph->input("frame")]; }

  void measure_windows(TrainOutcome& outcome, tasks::WindowSource& windows) override {
    tasks::ForecasterSet forecasters(outcome.model, executors(outcome.model));
    tasks::MeasureOptions options = tasks::MeasureOptions::usual(tasks::forecast_input_of(outcome.model));
    options.most_windows = kReportWindows;
    outcome.forecast = std::make_shared<tasks::ForecastEvaluation>(
        tasks::evaluate_forecasts(forecasters, outcome.model, windows, report_shape_, options));
    outcome.forecast_samples = tasks::choose_samples(forecasters, outcome.model, windows, report_shape_, kReportFilms);
  }

  tasks::WindowShape report_shape_;
  graph::Plan encode_, forecast_;
  std::size_t frame_output_ = 0;
  std::optional<std::size_t> logits_output_;
  std::optional<GraphRunner> encoder_, forecaster_;
};

}  // namespace

std::unique_ptr<Lesson> make_forecast_lesson(const TrainRequest& request) {
  return std::make_unique<ForecastLesson>(request);
}

}  // namespace longtake::training
