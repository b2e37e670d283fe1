// Forecasts of video end to end: arrays and videos that the test writes, a model that nobody trained, and the programs.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/temporary_directory.h"
#include "cli/programs.h"
#include "data/npy.h"
#include "graph/model_file.h"
#include "media/clips.h"
#include "media/video_writer.h"
#include "tasks/small_forecasters.h"

namespace longtake::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Json = nlohmann::json;

constexpr std::int64_t kFrames = 6, kHeight = 12, kWidth = 14, kArea = kHeight * kWidth;

// A bar that moves to the right, another in every sequence.
std::uint8_t pixel(std::int64_t sequence, std::int64_t frame, std::int64_t place) {
  return place % kWidth == (2 * sequence + frame) % kWidth ? 200 : static_cast<std::uint8_t>(10 * sequence);
}

Tensor bars(std::int64_t sequences, bool frames_first) {
  Tensor out(DType::kUint8,
             frames_first ? Shape{kFrames, sequences, kHeight, kWidth} : Shape{sequences, kFrames, kHeight, kWidth});
  for (std::int64_t i = 0; i < out.count(); ++i) {
    const std::int64_t row = i / kArea, inner = frames_first ? sequences : kFrames;
    const std::int64_t sequence = frames_first ? row % inner : row / inner;
    const std::int64_t frame = frames_first ? row / inner : row % inner;
    out.data<std::uint8_t>()[i] = pixel(sequence, frame, i % kArea);
  }
  return out;
}

// The forecasts, without the line that ends a stream.
std::vector<Json> lines(const Outcome& outcome) {
  std::vector<Json> lines;
  for (const std::string& line : lines_of(outcome.out)) {
    Json json = Json::parse(line);
    if (json.at("type") == "forecast") lines.push_back(std::move(json));
  }
  return lines;
}

class FrameForecasts : public testing::Test {
 protected:
  FrameForecasts() {
    graph::save_model(*model_, path("model.safetensors"));
    write("bars.npy", bars(2, false));
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  bool there(const std::string& name) const { return std::filesystem::exists(path(name)); }

  void write(const std::string& name, const Tensor& array) const {
    const std::string head = npy_header(array.dtype(), array.shape());
    real_files().write_atomic(path(name), [&](OutputFile& file) {
      file.write(head);
      file.write(std::span<const std::byte>(array.raw(), array.bytes()));
    });
  }

  void write_video(const std::string& name, std::int64_t frames) const {
    media::VideoWriter writer(path(name), kWidth, kHeight, {.fps = 10, .crf = 0});
    for (std::int64_t i = 0; i < frames; ++i) {
      Tensor picture(DType::kUint8, {kHeight, kWidth, 1});
      for (std::int64_t p = 0; p < kArea; ++p) picture.data<std::uint8_t>()[p] = pixel(0, i, p);
      writer.write(picture);
    }
    writer.finish();
  }

  Tensor read(const std::string& name) const {
    const NpyFile file(real_files(), path(name));
    return file.read(0, element_count(file.header().shape)).reshaped(file.header().shape);
  }

  Outcome predict(std::vector<std::string> words) const {
    words.insert(words.begin(), {"predict", path("model.safetensors")});
    words.insert(words.end(), {"--threads", "1"});
    return run(words);
  }
  Outcome stream(std::vector<std::string> words) const {
    words.insert(words.begin(), {"stream", path("model.safetensors")});
    return run(words);
  }
  void refused(const Outcome& outcome, int code, const std::string& why) const {
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(why));
    EXPECT_THAT(outcome.out, IsEmpty());
  }

  // What the library says after `newest` of a sequence.
  Tensor forecast(std::int64_t sequence, std::int64_t newest) const {
    tasks::Forecaster forecaster(*model_, runtime_executors(model_));
    State state = forecaster.initial_state(1);
    Tensor seen(DType::kFloat32, {3, 1, 1, kHeight, kWidth});
    for (std::int64_t i = 0; i < 3 * kArea; ++i) {
      seen.data<float>()[i] =
          static_cast<float>(pixel(sequence, newest - 2 + i / kArea, i % kArea)) * static_cast<float>(1.0 / 255);
    }
    forecaster.see(seen, state);
    return forecaster.forecast(state, 4);
  }

  static void expect_near(const Tensor& made, std::int64_t row, const Tensor& expected) {
    for (std::int64_t i = 0; i < expected.count(); ++i) {
      ASSERT_NEAR(made.data<float>()[row * expected.count() + i], expected.data<float>()[i], 1e-6) << i;
    }
  }

  TemporaryDirectory folder_;
  std::shared_ptr<const graph::Model> model_ = small_forecaster();
};

TEST_F(FrameForecasts, OfAllSequencesAreAnArrayPicturesAndFilms) {
  const Outcome outcome = predict({path("bars.npy"), "-o", path("out")});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const std::vector<Json> said = lines(outcome);
  ASSERT_EQ(said.size(), 2);
  EXPECT_EQ(said[1].at("sequence"), 1);
  EXPECT_EQ(said[1].at("frame"), kFrames - 1);
  EXPECT_EQ(said[1].at("seen"), 3);
  ASSERT_EQ(said[1].at("leads").size(), 4);
  EXPECT_EQ(said[1].at("leads").at(3).at("frame"), kFrames + 3);
  EXPECT_THAT(said[1].at("files"), UnorderedElementsAre(path("out/bars.forecast.npy"), path("out/bars.1.forecast.png"),
                                                        path("out/bars.1.forecast.mp4")));
  for (const Json& line : said) {
    for (const Json& file : line.at("files")) EXPECT_TRUE(std::filesystem::exists(file.get<std::string>())) << file;
  }
  const Tensor made = read("out/bars.forecast.npy");
  ASSERT_EQ(made.shape(), (Shape{2, 4, kHeight, kWidth}));
  expect_near(made, 0, forecast(0, kFrames - 1));
  expect_near(made, 1, forecast(1, kFrames - 1));
  EXPECT_EQ(media::read_samples(path("out/bars.0.forecast.mp4")).size(), 3 + 4);
}

TEST_F(FrameForecasts, OfOneSequenceBeginAnywhereInEitherOrder) {
  write("first.npy", bars(2, true));
  const std::vector<std::string> more{"--item", "1",       "--at", "3",  "--horizon",
                                      "4",      "--write", "npy",  "-o", path("out")};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), more.begin(), more.end());
    return predict(words);
  };
  ASSERT_EQ(with({path("bars.npy")}).code, kDone);
  ASSERT_EQ(with({path("first.npy"), "--frames-first"}).code, kDone);
  const Tensor made = read("out/bars.forecast.npy");
  ASSERT_EQ(made.shape(), (Shape{1, 4, kHeight, kWidth}));
  expect_near(made, 0, forecast(1, 3));
  EXPECT_EQ(made, read("out/first.forecast.npy"));
  EXPECT_FALSE(there("out/bars.1.forecast.png"));
}

TEST_F(FrameForecasts, OfFloat64AreThoseOfFloat32) {
  Tensor single(DType::kFloat32, {1, 3, kHeight, kWidth}), twice(DType::kFloat64, single.shape());
  for (std::int64_t i = 0; i < single.count(); ++i) {
    single.data<float>()[i] = 0.25F * static_cast<float>(i % 5);
    twice.data<double>()[i] = 0.25 * static_cast<double>(i % 5);
  }
  write("single.npy", single);
  write("double.npy", twice);
  EXPECT_EQ(lines(predict({path("double.npy")})).at(0).at("leads"),
            lines(predict({path("single.npy")})).at(0).at("leads"));
  twice.data<double>()[7] = 1e300;
  write("double.npy", twice);
  refused(predict({path("double.npy")}), kFailed, "not finite");
}

TEST_F(FrameForecasts, OfASequenceThatIsNoNumberAreNone) {
  Tensor numbers(DType::kFloat32, {2, 3, kHeight, kWidth});
  numbers.data<float>()[4 * kArea + 5] = std::numeric_limits<float>::quiet_NaN();
  write("nan.npy", numbers);
  const Outcome outcome = predict({path("nan.npy"), "-o", path("out"), "--write", "npy"});
  EXPECT_EQ(outcome.code, kPartial);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("frame 1 of sequence 1"), HasSubstr("not finite")));
  EXPECT_EQ(lines(outcome).size(), 1);
  const Tensor made = read("out/nan.forecast.npy");
  EXPECT_TRUE(std::isfinite(made.data<float>()[4 * kArea - 1]));
  EXPECT_TRUE(std::isnan(made.data<float>()[4 * kArea]));
  refused(predict({path("nan.npy"), "--item", "1", "-o", path("alone")}), kFailed, "not finite");
  EXPECT_FALSE(there("alone/nan.forecast.npy"));
}

TEST_F(FrameForecasts, OfVideosFollowTheirNewestFrames) {
  write_video("bars.mp4", kFrames);
  const Outcome outcome = predict({path("bars.mp4"), "-o", path("out")});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const Json said = lines(outcome).at(0);
  EXPECT_EQ(said.at("frame"), kFrames - 1);
  EXPECT_NEAR(said.at("time").get<double>(), 0.5, 1e-6);
  EXPECT_EQ(read("out/bars.forecast.npy").shape(), (Shape{1, 4, kHeight, kWidth}));
  EXPECT_TRUE(there("out/bars.forecast.png") && there("out/bars.forecast.mp4"));
  const Outcome earlier = predict({path("bars.mp4"), "--at", "0.35s"});
  EXPECT_EQ(earlier.out, predict({path("bars.mp4"), "--at", "3"}).out);
  EXPECT_EQ(lines(earlier).at(0).at("frame"), 3);
}

TEST_F(FrameForecasts, ComeWithEveryFrameOfAStream) {
  write_video("bars.mp4", kFrames);
  const Outcome outcome = stream({path("bars.mp4")});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  const std::vector<Json> said = lines(outcome);
  ASSERT_EQ(said.size(), kFrames - 2);
  EXPECT_EQ(said[0].at("leads"), lines(predict({path("bars.mp4"), "--at", "2"})).at(0).at("leads"));
  EXPECT_EQ(said.back().at("seen"), kFrames);
  const Json end = Json::parse(lines_of(outcome.out).back());
  EXPECT_EQ(end.at("type"), "end");
  EXPECT_EQ(end.at("source"), path("bars.mp4"));
  EXPECT_EQ(end.at("frames"), kFrames);
  EXPECT_EQ(end.at("forecasts"), kFrames - 2);
  EXPECT_EQ(end.at("decode").at("frames"), kFrames);
  const Outcome piped = run({"stream", path("model.safetensors"), "-"}, {.input = path("bars.mp4"), .output = {}});
  EXPECT_EQ(piped.code, kDone) << piped.err;
  EXPECT_EQ(lines(piped).size(), said.size());
  ASSERT_EQ(stream({path("bars.mp4"), "-o", path("out"), "--horizon", "2", "--write", "npy,png"}).code, kDone);
  EXPECT_EQ(read("out/000005.forecast.npy").shape(), (Shape{1, 2, kHeight, kWidth}));
  EXPECT_TRUE(there("out/000002.forecast.png"));
}

TEST_F(FrameForecasts, OfAStreamGoOnFromItsState) {
  write_video("bars.mp4", kFrames);
  ASSERT_EQ(stream({path("bars.mp4"), "--frames", "2", "--save-state", path("state")}).code, kDone);
  const Outcome outcome = stream({path("bars.mp4"), "--load-state", path("state")});
  ASSERT_EQ(outcome.code, kDone) << outcome.err;
  EXPECT_EQ(lines(outcome).front().at("seen"), 3);
  refused(stream({path("bars.mp4"), "--load-state", path("model.safetensors")}), kFailed, "state");
}

TEST_F(FrameForecasts, OfWhatIsBadAreRefusedWithWhatWouldBeRight) {
  write("short.npy", Tensor(DType::kUint8, {4, 2, kHeight, kWidth}));
  write("small.npy", Tensor(DType::kUint8, {1, 3, kHeight, 1}));
  write("colour.npy", Tensor(DType::kUint8, {1, 3, kHeight, kWidth, 3}));
  write("whole.npy", Tensor(DType::kInt32, {1, 3, kHeight, kWidth}));
  write("flat.npy", Tensor(DType::kUint8, {3, kHeight, kWidth}));
  write("none.npy", Tensor(DType::kUint8, {0, 3, kHeight, kWidth}));
  write_video("bars.mp4", 2);
  media::write_file(path("text.npy"), "1,2,3\n");
  const std::vector<std::pair<std::string, std::string>> files{
      {"short.npy", "2 frames, but the model sees 3 before it forecasts; --frames-first"},
      {"small.npy", "12 x 1 are too small"},
      {"colour.npy", "3 channels"},
      {"whole.npy", "int32; uint8, float32 or float64"},
      {"flat.npy", "[sequences, frames, height, width]"},
      {"none.npy", "no sequence"},
      {"text.npy", "no .npy file"},
      {"bars.mp4", "2 frames, but the model sees 3"},
      {"missing.mp4", "No such file"}};
  for (const auto& [name, why] : files) {
    const Outcome outcome = predict({path(name)});
    refused(outcome, kFailed, why);
    EXPECT_THAT(outcome.err, HasSubstr(path(name)));
  }
  const Outcome others = predict({path("bars.npy"), path("text.npy")});
  EXPECT_EQ(others.code, kPartial);
  EXPECT_EQ(lines(others).size(), 2);
  const std::string array = path("bars.npy"), video = path("bars.mp4");
  refused(predict({array, "--item", "2"}), kUsage, "sequences 0 to 1");
  refused(predict({array, "--at", "1"}), kUsage, "from 2 on");
  refused(predict({array, "--at", "6"}), kUsage, "frames 0 to 5");
  refused(predict({array, "--at", "1s"}), kUsage, "no times");
  refused(predict({array, "--at", "soon"}), kUsage, "2.5s");
  refused(predict({video, "--item", "0"}), kUsage, ".npy");
  refused(predict({array, "--write", "netcdf"}), kUsage, "npy, png, mp4");
  refused(predict({array, "--series", "spacing=1"}), kUsage, "fields");
  refused(predict({array, "--overlay", path("out")}), kUsage, "--overlay");
  refused(predict({array, path("more/bars.npy"), "-o", path("out")}), kUsage, "same files");
  refused(stream({array}), kUsage, "predict");
  refused(stream({video}), kFailed, "gave 2 frames, but the model sees 3");
  refused(stream({video, "--once"}), kUsage, "fields");
}

}  // namespace
}  // namespace longtake::test
