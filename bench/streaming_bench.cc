// Our side of bench/run without training: steps streams, takes video files to scores, or only reads them. See worker.h
// for what it answers once it runs.
//   streaming_bench step MODEL INPUTS THREADS [WEIGHTS]
//                                                 a call for each of INPUTS, "frame" [calls, ticks, streams, ...], with
//                                                 the state carried; WEIGHTS names a WeightFormat
//   streaming_bench clips MODEL LIST THREADS      one video file of LIST to its scores, as `longtake predict` does
//   streaming_bench frames MODEL LIST THREADS     only the frames that the model wants of one video file of LIST
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>

#include "graph/model_file.h"
#include "longtake/session.h"
#include "runtime/program.h"
#include "tasks/stream.h"
#include "worker.h"

namespace longtake::bench {

namespace {

// The calls of [calls, ticks, streams, ...], without the ticks where there is one.
std::vector<Tensor> calls_of(const Tensor& tensor) {
  Shape shape(tensor.shape().begin() + 1, tensor.shape().end());
  const auto size = static_cast<std::size_t>(element_count(shape));
  if (shape.at(0) == 1) shape.erase(shape.begin());
  std::vector<Tensor> calls;
  for (std::int64_t i = 0; i < tensor.size(0); ++i) {
    calls.push_back(Tensor::from<float>(shape, tensor.data<float>().subspan(static_cast<std::size_t>(i) * size, size)));
  }
  return calls;
}

Tensor stack(const std::vector<std::vector<float>>& rows) {
  Tensor all(DType::kFloat32, {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.at(0).size())});
  float* out = all.data<float>().data();
  for (const std::vector<float>& row : rows) out = std::copy(row.begin(), row.end(), out);
  return all;
}

// The streams of a model that step together.
class Streams {
 public:
  Streams(const std::string& model, const std::string& inputs, const SessionOptions& options)
      : session_(Model::load(model), options) {
    const Tensor frames = std::move(read_safetensors(real_files(), inputs).tensors.at("frame"));
    one_tick_ = frames.size(1) == 1;
    streams_ = frames.size(2);
    calls_ = calls_of(frames);
    state_ = session_.initial_state(streams_);
  }

  void call() {
    call(calls_[next_], state_);
    next_ = (next_ + 1) % calls_.size();
  }

  SafetensorsFile check() {
    std::map<std::string, std::vector<std::vector<float>>> rows;
    State state = session_.initial_state(streams_);
    for (const Tensor& frames : calls_) {
      for (const graph::ChunkOutput& output : call(frames, state)) {
        const auto values = output.data.data<float>();
        rows[output.name].emplace_back(values.begin(), values.end());
      }
    }
    SafetensorsFile seen;
    for (const auto& [name, all] : rows) seen.tensors[name] = stack(all);
    return seen;
  }

 private:
  const graph::Outputs& call(const Tensor& frames, State& state) {
    return one_tick_ ? session_.step(frames, state) : session_.run(frames, state);
  }

  Session session_;
  bool one_tick_ = false;
  std::int64_t streams_ = 1;
  std::vector<Tensor> calls_;
  State state_;
  std::size_t next_ = 0;
};

Work step_work(const std::vector<std::string>& words) {
  SessionOptions options{.threads = std::stoi(words.at(3))};
  if (words.size() > 4) options.weight_format = weight_format(words.at(4));
  const auto streams = std::make_shared<Streams>(words.at(1), words.at(2), options);
  return {[streams] { streams->call(); }, [streams] { return streams->check(); }};
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// What `longtake predict` does with each file.
class Clips {
 public:
  Clips(const std::string& model, const std::string& list, int threads)
      : model_(std::make_shared<const graph::Model>(graph::load_model(model))),
        program_(model_, "main", {.threads = threads}),
        stream_(*model_, program_, {}),
        options_(video_options(model_->inputs.at("frame"))),
        frames_(32),
        files_(lines_of(list)) {}

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

// The mean of every block of kBlock x kBlock pixels: two programs scale a picture to about the same.
constexpr std::int64_t kBlock = 16;
void add_block_means(const Tensor& image, std::vector<float>& means) {
  const std::span<const std::uint8_t> pixels = image.data<std::uint8_t>();
  const std::int64_t width = image.size(1), channels = image.size(2);
  for (std::int64_t top = 0; top + kBlock <= image.size(0); top += kBlock) {
    for (std::int64_t left = 0; left + kBlock <= width; left += kBlock) {
      float sum = 0;
      for (std::int64_t row = top; row < top + kBlock; ++row) {
        const auto line = pixels.subspan(static_cast<std::size_t>((row * width + left) * channels),
                                         static_cast<std::size_t>(kBlock * channels));
        sum = std::accumulate(line.begin(), line.end(), sum);
      }
      means.push_back(sum / static_cast<float>(kBlock * kBlock * channels));
    }
  }
}

Work frames_work(const std::string& model, const std::string& list, int threads) {
  VideoOptions options = video_options(graph::load_model(model).inputs.at("frame"));
  options.threads = threads;
  const auto read = [options](const std::string& file, const std::function<void(const Tensor&)>& take) {
    VideoReader reader = VideoReader::open(file, options);
    for (Frame frame; reader.read(frame);) take(frame.image);
  };
  const std::vector<std::string> files = lines_of(list);
  Work work;
  work.call = [read, files, next = std::size_t{0}]() mutable {
    read(files[next++ % files.size()], [](const Tensor&) {});
  };
  work.check = [read, files] {
    std::vector<float> means;
    for (const std::string& file : files) read(file, [&](const Tensor& image) { add_block_means(image, means); });
    return SafetensorsFile{{{"means", stack({means})}}, {}};
  };
  return work;
}

int run(const std::vector<std::string>& words) {
  const std::string verb = words.size() == 4 || words.size() == 5 ? words[0] : "";
  if (verb == "step") {
    serve(step_work(words));
  } else if (verb == "clips") {
    serve(clips_work(words[1], words[2], std::stoi(words[3])));
  } else if (verb == "frames") {
    serve(frames_work(words[1], words[2], std::stoi(words[3])));
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
