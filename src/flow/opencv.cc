// The library behind backend.h: OpenCV's dense optical flow with the parameters of its own defaults.
#include <cstring>
#include <exception>
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/optflow.hpp>
#include <opencv2/video/tracking.hpp>
#include <string_view>

#include "flow/backend.h"

namespace longtake::flow {
namespace {

void tell(const Message& message, const char* what) {
  std::strncpy(message.text, what, message.size - 1);
  message.text[message.size - 1] = '\0';
}

struct Estimator {
  cv::Ptr<cv::DenseOpticalFlow> method;
};

cv::Ptr<cv::DenseOpticalFlow> make(std::string_view method) {
  if (method == "dis") return cv::DISOpticalFlow::create(cv::DISOpticalFlow::PRESET_MEDIUM);
  if (method == "farneback") return cv::FarnebackOpticalFlow::create();
  return cv::optflow::createOptFlow_DualTVL1();
}

// Runs `use`, and makes of an exception the message.
template <class Use>
bool guarded(const Message& message, const Use& use) {
  try {
    use();
    return true;
  } catch (const cv::Exception& error) {
    tell(message, error.err.c_str());
  } catch (const std::exception& error) {
    tell(message, error.what());
  }
  return false;
}

void* create(const char* method, Message message) {
  std::unique_ptr<Estimator> estimator;
  guarded(message, [&] {
    cv::setNumThreads(1);  // our own threads take a video each, and the same pictures must give the same flow
    estimator = std::make_unique<Estimator>(Estimator{make(method)});
  });
  return estimator.release();
}

cv::Mat picture(const std::uint8_t* pixels, std::int32_t height, std::int32_t width) {
  // OpenCV has no read-only picture; the methods only read.
  return {height, width, CV_8UC1, const_cast<std::uint8_t*>(pixels)};
}

bool estimate(void* estimator, const std::uint8_t* previous, const std::uint8_t* next, std::int32_t height,
              std::int32_t width, float* flow, Message message) {
  return guarded(message, [&] {
    cv::Mat both;  // a new one each time: DIS would start from what it holds
    static_cast<Estimator*>(estimator)->method->calc(picture(previous, height, width), picture(next, height, width),
                                                     both);
    const std::size_t plane = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
    cv::Mat planes[] = {cv::Mat(height, width, CV_32FC1, flow), cv::Mat(height, width, CV_32FC1, flow + plane)};
    cv::split(both, planes);
  });
}

void destroy(void* estimator) { delete static_cast<Estimator*>(estimator); }

}  // namespace
}  // namespace longtake::flow

extern "C" __attribute__((visibility("default"))) const longtake::flow::Backend* longtake_flow_backend() {
  static constexpr longtake::flow::Backend kBackend{longtake::flow::create, longtake::flow::estimate,
                                                    longtake::flow::destroy};
  return &kBackend;
}
