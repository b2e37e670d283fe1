// Our side of bench/run without training: makes the model files that both sides load, steps a stream, and takes video
// files to scores. See worker.h for what it answers once it runs.
//   streaming_bench lstm INPUT HIDDEN MODEL       writes a model of one LSTM
//   streaming_bench model RECIPE MODEL            writes the recipe's model, untrained
//   streaming_bench step MODEL INPUTS THREADS     a step of one stream over the frames in INPUTS
//   streaming_bench clips MODEL LIST THREADS      one video file of LIST to its scores, as `longtake predict` does
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <memory>

#include "base/options.h"
#include "data/motions.h"
#include "graph/builder.h"
#include "graph/model_file.h"
#include "layers/lstm.h"
#include "longtake/session.h"
#include "models/registry.h"
#include "runtime/program.h"
#include "tasks/recipe.h"
#include "tasks/stream.h"
#include "worker.h"

namespace longtake::bench {

namespace {

// Its hidden state is called logits, because the trainer's loss wants some.
void make_lstm(std::int64_t input, std::int64_t hidden, const std::string& path) {
  graph::Model model;
  model.name = "lstm";
  model.task = "classify";
  graph::Builder b(model, "main");
  b.output("logits", layers::lstm(b, "lstm1", b.input("frame", {input}), {.hidden_size = hidden}).hidden);
  b.finish();
  graph::initialise(model, 1);
  graph::save_model(model, path);
}

void make_model(const std::string& recipe_path, const std::string& path) {
  Options recipe = load_toml(real_files(), recipe_path);
  recipe.set_override("model.initialiser=scaled");  // the paper's small weights would leave little to compare
  const Options data = recipe.table("data");
  const bool listed = data.has("classes") || data.has("labels");
  graph::Model model = models::build(
      recipe.table("model"),
      {tasks::read_input(recipe.table("input")), listed ? tasks::dataset_labels(real_files(), data) : motion_labels()});
  graph::initialise(model, 1);
  graph::save_model(model, path);
}

// The rows of [rows, ...], each on its own.
std::vector<Tensor> rows_of(const Tensor& tensor) {
  const Shape shape(tensor.shape().begin() + 1, tensor.shape().end());
  const auto size = static_cast<std::size_t>(element_count(shape));
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < tensor.size(0); ++i) {
    rows.push_back(Tensor::from<float>(shape, tensor.data<float>().subspan(static_cast<std::size_t>(i) * size, size)));
  }
  return rows;
}

Tensor stack(const std::vector<std::vector<float>>& rows) {
  Tensor all(DType::kFloat32, {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.at(0).size())});
  float* out = all.data<float>().data();
  for (const std::vector<float>& row : rows) out = std::copy(row.begin(), row.end(), out);
  return all;
}

Work step_work(const std::string& model, const std::string& inputs, int threads) {
  struct Stream {
    Session session;
    std::vector<Tensor> frames;
    State state = session.initial_state();
    std::size_t next = 0;
  };
  const auto stream =
      std::make_shared<Stream>(Stream{Session(Model::load(model), {.threads = threads}),
                                      rows_of(read_safetensors(real_files(), inputs).tensors.at("frame"))});
  Work work;
  work.call = [stream] {
    stream->session.step(stream->frames[stream->next], stream->state);
    stream->next = (stream->next + 1) % stream->frames.size();
  };
  work.check = [stream] {
    std::map<std::string, std::vector<std::vector<float>>> rows;
    State state = stream->session.initial_state();
    for (const Tensor& frame : stream->frames) {
      for (const graph::ChunkOutput& output : stream->session.step(frame, state)) {
        const auto values = output.data.data<float>();
        rows[output.name].emplace_back(values.begin(), values.end());
      }
    }
    SafetensorsFile seen;
    for (const auto& [name, all] : rows) seen.tensors[name] = stack(all);
    return seen;
  };
  return work;
}

// What `longtake predict` does with each file.
class Clips {
 public:
  Clips(const std::string& model, const std::string& list, int threads)
      : model_(std::make_shared<const graph::Model>(graph::load_model(model))),
        program_(model_, "main", {.threads = threads}),
        stream_(*model_, program_, {}),
        options_(video_options(model_->inputs.at("frame"))),
        frames_(32) {
    std::ifstream lines(list);
    for (std::string line; std::getline(lines, line);) files_.push_back(line);
  }

  const std::vector<std::string>& files() const { return files_; }
  void predict_next() { predict(files_[next_++ % files_.size()]); }

  std::vector<float> predict(const std::string& file) {
    VideoReader reader = VideoReader::open(file, options_);
    stream_.reset();
    std::vector<float> scores;
    std::size_t count = 0;
    do {
      count = 0;
      while (count < frames_.size() && reader.read(frames_[count])) ++count;
      take(stream_.push({frames_.data(), count}), scores);
    } while (count == frames_.size());
    take(stream_.finish(), scores);
    return scores;
  }

 private:
  static void take(std::span<const tasks::StreamClassifier::Answer> answers, std::vector<float>& scores) {
    if (!answers.empty()) scores = answers.back().frame.video;
  }

  std::shared_ptr<const graph::Model> model_;
  runtime::Program program_;
  tasks::StreamClassifier stream_;
  VideoOptions options_;
  std::vector<Frame> frames_;
  std::vector<std::string> files_;
  std::size_t next_ = 0;
};

Work clips_work(const std::string& model, const std::string& list, int threads) {
  const auto clips = std::make_shared<Clips>(model, list, threads);
  Work work;
  work.call = [clips] { clips->predict_next(); };
  work.check = [clips] {
    std::vector<std::vector<float>> scores;
    for (const std::string& file : clips->files()) scores.push_back(clips->predict(file));
    return SafetensorsFile{{{"video", stack(scores)}}, {}};
  };
  return work;
}

int run(const std::vector<std::string>& words) {
  if (words.size() == 4 && words[0] == "lstm") {
    make_lstm(std::stoll(words[1]), std::stoll(words[2]), words[3]);
  } else if (words.size() == 3 && words[0] == "model") {
    make_model(words[1], words[2]);
  } else if (words.size() == 4 && words[0] == "step") {
    serve(step_work(words[1], words[2], std::stoi(words[3])));
  } else if (words.size() == 4 && words[0] == "clips") {
    serve(clips_work(words[1], words[2], std::stoi(words[3])));
  } else {
    fmt::print(stderr, "streaming_bench: see the top of bench/streaming_bench.cc\n");
    return 2;
  }
  return 0;
}

}  // namespace

}  // namespace longtake::bench

int main(int argc, char** argv) {
  try {
    return longtake::bench::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "streaming_bench: {}\n", error.what());
    return 1;
  }
}
