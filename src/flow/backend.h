// Between the flow module and the library liblongtake_flow_opencv.so, which is opened when flow is first measured:
// OpenCV's optical flow brings 150 other libraries, and every start of a program would wait for them. Plain C, because
// exceptions and types of the standard library may not cross.
#pragma once

#include <cstddef>
#include <cstdint>

namespace longtake::flow {

inline constexpr const char* kBackendLibrary = "liblongtake_flow_opencv.so";
// The only symbol that is looked up: a function without arguments that gives the Backend.
inline constexpr const char* kBackendSymbol = "longtake_flow_backend";

struct Message {
  char* text;        // what went wrong, ended by NUL
  std::size_t size;  // the room for it
};

struct Backend {
  // An estimator of "dis", "farneback" or "tvl1"; null and a message where that failed.
  void* (*create)(const char* method, Message message);
  // Gray pictures [height, width] give flow [2, height, width]. False and a message where that failed.
  bool (*estimate)(void* estimator, const std::uint8_t* previous, const std::uint8_t* next, std::int32_t height,
                   std::int32_t width, float* flow, Message message);
  void (*destroy)(void* estimator);
};

using BackendFunction = const Backend* (*)();

}  // namespace longtake::flow
