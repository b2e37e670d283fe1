#include "flow/estimator.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "flow/backend.h"
#include "longtake/error.h"

namespace longtake {

namespace {

using flow::Backend;

// The library lies at the same place beside the program where it is built and where it is installed, which may be
// moved.
const Backend& open_backend() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw IoError(fmt::format("/proc/self/exe: {}", error.message()));
  const std::string path = (self.parent_path() / LONGTAKE_FLOW_FOLDER / flow::kBackendLibrary).lexically_normal();
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);  // stays loaded
  const auto give =
      library == nullptr ? nullptr : reinterpret_cast<flow::BackendFunction>(dlsym(library, flow::kBackendSymbol));
  if (give == nullptr) {
    throw Unsupported(
        fmt::format("optical flow is not to be had here, it needs longtake built with LONGTAKE_FLOW: {}", dlerror()));
  }
  return *give();
}

const Backend& backend() {
  static const Backend& opened = open_backend();
  return opened;
}

void check_pictures(const Tensor& previous, const Tensor& next) {
  const Shape& shape = next.shape();
  const bool gray = next.dtype() == DType::kUint8 && shape.size() == 3 && shape[2] == 1 && next.count() > 0 &&
                    shape[0] <= 65535 && shape[1] <= 65535;
  if (!gray) {
    throw InvalidArgument(fmt::format("optical flow of a picture {} {}; uint8 [height, width, 1] is wanted",
                                      name_of(next.dtype()), to_string(shape)));
  }
  if (previous.dtype() != next.dtype() || previous.shape() != shape) {
    throw InvalidArgument(fmt::format("optical flow from a picture {} to one {}: they differ in size",
                                      to_string(previous.shape()), to_string(shape)));
  }
}

}  // namespace

struct FlowEstimator::Impl {
  explicit Impl(const std::string& name) : method(name) {
    estimator = backend().create(method.c_str(), {message.data(), message.size()});
    if (estimator == nullptr) throw Error(fmt::format("optical flow \"{}\": OpenCV: {}", method, message.data()));
  }
  ~Impl() { backend().destroy(estimator); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::string method;
  std::array<char, 512> message{};
  void* estimator = nullptr;
};

FlowEstimator::FlowEstimator(const std::string& method) {
  if (std::find(kFlowMethods.begin(), kFlowMethods.end(), method) == kFlowMethods.end()) {
    throw InvalidArgument(
        fmt::format("optical flow by \"{}\"; the methods are {}", method, fmt::join(kFlowMethods, ", ")));
  }
  impl_ = std::make_unique<Impl>(method);
}

FlowEstimator::FlowEstimator(FlowEstimator&&) noexcept = default;
FlowEstimator& FlowEstimator::operator=(FlowEstimator&&) noexcept = default;
FlowEstimator::~FlowEstimator() = default;

void FlowEstimator::estimate(const Tensor& previous, const Tensor& next, Tensor& flow) {
  check_pictures(previous, next);
  const auto height = static_cast<std::int32_t>(next.size(0));
  const auto width = static_cast<std::int32_t>(next.size(1));
  flow.resize(DType::kFloat32, {2, height, width});
  const bool done =
      backend().estimate(impl_->estimator, previous.data<std::uint8_t>().data(), next.data<std::uint8_t>().data(),
                         height, width, flow.data<float>().data(), {impl_->message.data(), impl_->message.size()});
  if (!done) {
    throw InvalidArgument(fmt::format("optical flow \"{}\" of pictures of {} x {}: OpenCV: {}", impl_->method, width,
                                      height, impl_->message.data()));
  }
}

}  // namespace longtake
