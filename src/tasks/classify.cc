#include "tasks/classify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "longtake/error.h"
#include "tasks/label.h"

namespace longtake::tasks {

namespace {

// Float32 [rows, channels, height, width].
Tensor prepare_frames(std::span<const ClipFrame> rows, const InputSpec& spec) {
  const auto frame_shape = [](const Clip& clip) {
    return Shape(clip.frames.shape().begin() + 1, clip.frames.shape().end());
  };
  // Videos may differ in size as long as what the model sees of them does not.
  Tensor frame(DType::kUint8, frame_shape(*rows[0].clip));
  const Shape seen = prepared_shape(spec, frame.shape());
  Shape shape = seen;
  shape.insert(shape.begin(), static_cast<std::int64_t>(rows.size()));
  Tensor prepared(DType::kFloat32, shape);
  const std::size_t row = prepared.count() / rows.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Tensor& frames = rows[i].clip->frames;
    if (const Shape its = frame_shape(*rows[i].clip); its != frame.shape()) {
      if (const Shape other = prepared_shape(spec, its); other != seen) {
        throw BadData(fmt::format(
            "one video gives the model frames {} and another {}; input.crop_width and crop_height, or resize = "
            "\"stretch\" with width and height, make them equal",
            to_string(seen), to_string(other)));
      }
      frame.resize(its);
    }
    std::memcpy(frame.raw(), frames.raw() + rows[i].frame * frame.count(), frame.bytes());
    prepare_frame(frame, spec, rows[i].transform, prepared.data<float>().subspan(i * row, row));
  }
  return prepared;
}

// Level `level` of the rows' features, float32 [rows, ...].
Tensor gather_features(std::span<const ClipFrame> rows, std::size_t level) {
  Shape shape = rows[0].clip->features[level].shape();
  shape[0] = static_cast<std::int64_t>(rows.size());
  Tensor gathered(DType::kFloat32, shape);
  const std::size_t bytes = gathered.bytes() / rows.size();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Tensor& features = rows[i].clip->features.at(level);
    if (!std::equal(shape.begin() + 1, shape.end(), features.shape().begin() + 1, features.shape().end())) {
      throw InvalidArgument(fmt::format("clips with features {} and {} cannot share a chunk", to_string(shape),
                                        to_string(features.shape())));
    }
    std::memcpy(gathered.raw() + i * bytes, features.raw() + rows[i].frame * bytes, bytes);
  }
  return gathered;
}

}  // namespace

std::vector<graph::ChunkInput> chunk_inputs(std::span<const ClipFrame> rows, const InputSpec& spec) {
  std::vector<graph::ChunkInput> inputs;
  if (rows.empty() || rows[0].clip->features.empty()) {
    inputs.push_back({rows.empty() ? Tensor() : prepare_frames(rows, spec), {}});
    return inputs;
  }
  for (std::size_t level = 0; level < rows[0].clip->features.size(); ++level) {
    inputs.push_back({gather_features(rows, level), {}});
  }
  return inputs;
}

std::int64_t rows_in_budget(const graph::Plan& plan, std::int64_t bytes) {
  std::int64_t row = 1;
  for (const Shape& shape : plan.shapes) row += element_count(shape) * static_cast<std::int64_t>(sizeof(float));
  return std::clamp<std::int64_t>(bytes / row, 1, 256);
}

std::size_t output_index(const graph::Graph& graph, const std::string& name) {
  return static_cast<std::size_t>(&graph.output(name) - graph.outputs.data());
}

const InputSpec& video_input_of(const graph::Model& model, const graph::Executor& executor) {
  const auto spec = model.inputs.find("frame");
  if ((model.task != "classify" && model.task != kLabelTask) || executor.plan().graph->inputs.empty() ||
      spec == model.inputs.end()) {
    throw InvalidArgument(fmt::format("model '{}' does not classify video", model.name));
  }
  return spec->second;
}

std::optional<std::size_t> video_output_of(const graph::Model& model, const graph::Graph& graph) {
  const bool there = std::any_of(graph.outputs.begin(), graph.outputs.end(),
                                 [](const graph::Output& output) { return output.name == "video"; });
  if (!there && model.task == kLabelTask) return std::nullopt;
  return output_index(graph, "video");
}

void check_scores(const graph::Model& model, std::span<const float> scores) {
  if (std::all_of(scores.begin(), scores.end(), [](float score) { return std::isfinite(score); })) return;
  throw BadData(
      fmt::format("model '{}' gives scores that are not finite numbers; its weights are too large", model.name));
}

Classifier::Classifier(const graph::Model& model, graph::Executor& executor, std::int64_t memory_budget)
    : model_(model),
      executor_(executor),
      chunk_rows_(rows_in_budget(executor.plan(), memory_budget)),
      spec_(video_input_of(model, executor)),
      scores_output_(output_index(*executor.plan().graph, "scores")),
      video_output_(video_output_of(model, *executor.plan().graph)),
      attention_(attention_output_of(model, executor.plan())) {}

graph::Chunk Classifier::chunk_of(const Clip& clip, std::span<const Stream> streams, std::int64_t begin,
                                  std::int64_t ticks) const {
  const std::int64_t lag = executor_.plan().lag;
  graph::Chunk chunk;
  chunk.streams = static_cast<std::int64_t>(streams.size());
  chunk.ticks = ticks;
  std::vector<ClipFrame> rows;
  for (std::int64_t tick = begin; tick < begin + ticks; ++tick) {
    for (const Stream& stream : streams) {
      std::uint8_t flag = 0;
      if (tick < stream.frames) {
        flag = graph::kActive;
        rows.push_back({&clip, stream.start + tick, stream.transform});
      } else if (tick < stream.frames + lag) {
        flag = graph::kFlush;
      }
      if (tick == stream.frames + lag - 1) flag |= graph::kEnd;
      chunk.flags.push_back(flag);
    }
  }
  chunk.inputs = chunk_inputs(rows, spec_);
  chunk.inputs.resize(executor_.plan().graph->inputs.size());  // of levels of features, where no frame is left
  return chunk;
}

void Classifier::run_streams(const Clip& clip, std::span<const Stream> streams, const Use& use, const Look& look) {
  const std::int64_t length = streams[0].frames + executor_.plan().lag;  // all are equally long
  const auto together = static_cast<std::size_t>(std::max<std::int64_t>(1, chunk_rows_ / length));
  graph::Outputs outputs;
  for (std::size_t first = 0; first < streams.size(); first += together) {
    const auto group = streams.subspan(first, std::min(together, streams.size() - first));
    const auto count = static_cast<std::int64_t>(group.size());
    State state = executor_.initial_state(count);
    const bool at_once = executor_.plan().whole_sequences;
    const std::int64_t ticks = at_once ? length : std::max<std::int64_t>(1, chunk_rows_ / count);
    for (std::int64_t begin = 0; begin < length; begin += ticks) {
      executor_.run(chunk_of(clip, group, begin, std::min(ticks, length - begin)), state, outputs);
      const graph::ChunkOutput& scores = outputs[scores_output_];
      const auto of_frames = scores.data.data<float>();
      const auto of_video = video_output_ ? outputs[*video_output_].data.data<float>() : std::span<const float>();
      check_scores(model_, of_frames);
      check_scores(model_, of_video);
      const std::size_t classes = model_.labels.size();
      for (std::size_t r = 0; r < scores.rows.size(); ++r) {
        const graph::OutputRow& row = scores.rows[r];
        use(first + row.stream, row.about, of_frames.subspan(r * classes, classes),
            video_output_ ? of_video.subspan(r * classes, classes) : of_video);
      }
      if (!attention_) continue;
      const graph::ChunkOutput& attention = outputs[attention_->index];
      for (std::size_t r = 0; r < attention.rows.size(); ++r) {
        const std::int64_t frame = attention.rows[r].about + attention_->ahead;
        if (frame >= streams[0].frames) continue;  // behind the last one there is nothing new to see
        look(first + attention.rows[r].stream, frame,
             attention.data.data<float>().subspan(r * attention_->size, attention_->size));
      }
    }
  }
}

namespace {

// What a stream has said so far.
struct StreamAnswers {
  std::vector<float> scores;  // their sum
  std::int64_t count = 0;
  std::vector<float> video;  // the newest

  void add(std::span<const float> of_frame, std::span<const float> of_video) {
    scores.resize(of_frame.size());
    for (std::size_t c = 0; c < scores.size(); ++c) scores[c] += of_frame[c];
    video.assign(of_video.begin(), of_video.end());
    ++count;
  }
};

void accumulate(std::vector<float>& sum, std::span<const float> values, float factor) {
  for (std::size_t c = 0; c < values.size(); ++c) sum[c] += factor * values[c];
}

}  // namespace

VideoResult Classifier::classify(const Clip& clip, const Protocol& protocol) {
  const std::vector<FrameTransform> crops = crops_of(protocol, spec_);
  if (crops.size() > 1 && !clip.features.empty()) {
    throw InvalidArgument("features were computed of the centre of each frame: with them the protocol has crops = 1");
  }
  const bool whole = protocol.clip == 0;
  if (!whole && !video_output_) {
    throw InvalidArgument("a labelling model follows whole videos: its protocol has clip = 0");
  }
  const std::vector<std::int64_t> starts = whole ? std::vector<std::int64_t>{0}
                                           : protocol.clips > 0
                                               ? even_clip_starts(clip.count(), protocol.clip, protocol.clips)
                                               : clip_starts(clip.count(), protocol.clip, protocol.stride);
  const std::int64_t length = whole ? clip.count() : std::min(protocol.clip, clip.count());
  std::vector<Stream> streams;
  for (std::int64_t start : starts) {
    for (const FrameTransform& crop : crops) streams.push_back({start, length, crop});
  }

  const std::size_t classes = model_.labels.size();
  const auto share = 1.0f / static_cast<float>(crops.size());
  VideoResult result;
  result.labels = model_.labels;
  result.decode = clip.stats;
  result.protocol = protocol.describe();
  result.multi_label = model_.task == kLabelTask;
  if (attention_) result.attention = attention_->grid;
  clip_scores_.assign(starts.size(), std::vector<float>(classes, 0));
  if (whole) {
    result.frames.resize(clip.count());
    for (FrameScores& frame : result.frames) frame.frame = -1;
  }
  std::vector<StreamAnswers> answers(streams.size());
  const auto use = [&](std::size_t stream, std::int64_t frame, auto scores, auto video) {
    const bool counts = protocol.last_frames == 0 || frame >= length - protocol.last_frames;
    if (!whole && counts) answers[stream].add(scores, video);
    if (!whole) return;
    FrameScores& of_frame = result.frames[frame];
    if (of_frame.frame < 0) {
      of_frame.frame = clip.first_frame + frame;
      of_frame.time_s = clip.times_s.at(frame);
      of_frame.scores.assign(classes, 0);
      of_frame.video.assign(video.size(), 0);
    }
    accumulate(of_frame.scores, scores, share);
    accumulate(of_frame.video, video, share);
  };
  run_streams(clip, streams, use, [&](std::size_t stream, std::int64_t frame, std::span<const float> weights) {
    const bool centre = stream == 0;
    if (whole && centre) result.frames[frame].attention.assign(weights.begin(), weights.end());
  });
  if (whole) {
    // A model that waits for windows has no answer at the first frames.
    std::erase_if(result.frames, [](const FrameScores& frame) { return frame.frame < 0; });
    for (const FrameScores& frame : result.frames) update_scores(frame, result.scores);
    clip_scores_[0] = result.scores;
    return result;
  }
  result.scores.assign(classes, 0);
  for (std::size_t s = 0; s < streams.size(); ++s) {
    const StreamAnswers& said = answers[s];
    if (said.count == 0) {
      throw InvalidArgument(fmt::format(
          "model '{}' gave no answer to {}", model_.name,
          protocol.last_frames == 0 ? std::string("a clip")
                                    : fmt::format("the last {} frames of a clip; evaluate.last_frames needs to be more",
                                                  protocol.last_frames)));
    }
    accumulate(clip_scores_[s / crops.size()], protocol.model_aggregate ? said.video : said.scores,
               protocol.model_aggregate ? share : share / static_cast<float>(said.count));
  }
  for (const std::vector<float>& of_clip : clip_scores_) {
    const float part = 1.0f / static_cast<float>(starts.size());
    if (protocol.votes) {
      result.scores[std::max_element(of_clip.begin(), of_clip.end()) - of_clip.begin()] += part;
    } else {
      accumulate(result.scores, of_clip, part);
    }
  }
  return result;
}

}  // namespace longtake::tasks
