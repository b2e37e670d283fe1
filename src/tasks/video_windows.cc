#include "tasks/video_windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "base/threads.h"
#include "data/clip_cache.h"
#include "longtake/error.h"
#include "longtake/prepare.h"
#include "tasks/recipe.h"

namespace longtake::tasks {

namespace {

class VideoWindows final : public WindowSource {
 public:
  VideoWindows(Dataset dataset, const InputSpec& spec, std::int64_t cache_bytes, const WindowShape& shape)
      : spec_(spec),
        shape_(shape),
        extrapolator_(shape.extrapolation),
        pool_(static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))),
        cache_(std::move(dataset), spec, {.byte_budget = cache_bytes}, pool_) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(cache_.dataset().items.size()); }

  Window read(std::int64_t index, Random* random) override {
    const auto clip = cache_.get(index);
    const std::string& id = cache_.dataset().items[index].id;
    const std::int64_t room = clip->count() - shape_.frames();
    if (room < 0) {
      throw BadData(fmt::format("{}: has {} frames, but {} are seen and {} forecast", id, clip->count(), shape_.seen,
                                shape_.forecast));
    }
    const std::int64_t start = random == nullptr ? 0 : static_cast<std::int64_t>(random->below(room + 1));
    const Tensor& frames = clip->frames;
    Tensor picture(DType::kUint8, {frames.size(1), frames.size(2), frames.size(3)});
    Shape shape = prepared_shape(spec_, picture.shape());
    const std::int64_t count = element_count(shape);
    shape.insert(shape.begin(), shape_.frames());
    Window window{.id = id, .frames = Tensor(DType::kFloat32, shape), .valid = Tensor(DType::kUint8, {0})};
    for (std::int64_t i = 0; i < shape_.frames(); ++i) {
      std::memcpy(picture.raw(), frames.raw() + (start + i) * picture.count(), picture.bytes());
      prepare_frame(picture, spec_, {}, window.frames.data<float>().subspan(i * count, count));
    }
    window.targets = window.frames;
    add_advected(window, shape_, extrapolator_);
    return window;
  }

 private:
  InputSpec spec_;
  WindowShape shape_;
  Extrapolator extrapolator_;
  ThreadPool pool_;
  ClipCache cache_;
};

}  // namespace

ForecastDataOpener read_videos(const Options& data, const InputSpec& input, std::int64_t cache_bytes) {
  const DataLister list = read_data(data);
  return [=](const Files& files, const WindowShape& shape) {
    const Dataset dataset = list(files);
    const auto splits = summarise(dataset);
    ForecastData opened;
    const auto open = [&](std::string_view split) -> std::unique_ptr<WindowSource> {
      const auto found = splits.find(std::string(split));
      if (found == splits.end()) return nullptr;
      opened.facts.push_back(fmt::format("{}: {} videos", split, found->second.items));
      return std::make_unique<VideoWindows>(select_split(dataset, split), input, cache_bytes, shape);
    };
    opened.train = open(kTrainSplit);
    opened.validation = open(kValidationSplit);
    opened.test = open(kTestSplit);
    return opened;
  };
}

}  // namespace longtake::tasks
