#include "training/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <charconv>
#include <cstdlib>  // __GLIBC__
#include <thread>

#include "training/bridge.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace longtake::training {

namespace {

// Every step asks for as much memory as the one before. glibc would give large pieces back to the system and take them
// anew, at a page fault for every four kilobytes, which costs a small model up to half of its time.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace

void configure_torch(int threads, const std::string& device) {
  if (threads < 0) throw InvalidArgument(fmt::format("{} threads: must be at least 1, or 0 for all cores", threads));
  check_device(device);
  guarded("cannot set LibTorch up", [&] {
    keep_freed_memory();
    const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    at::set_num_threads(threads > 0 ? threads : cores);
    if (device == "cpu") return;
    at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
    at::globalContext().setDeterministicCuDNN(true);
    at::globalContext().setBenchmarkCuDNN(false);
    // Ten bits of mantissa would break the agreement with the runtime.
    at::globalContext().setAllowTF32CuDNN(false);
  });
}

void check_device(const std::string& device) {
  if (device == "cpu") return;
  const std::string prefix = "cuda:";
  int index = 0;
  bool known = device == "cuda";
  if (device.starts_with(prefix)) {
    const char* end = device.data() + device.size();
    const auto [stop, error] = std::from_chars(device.data() + prefix.size(), end, index);
    known = error == std::errc() && stop == end && index >= 0;
  }
  if (!known) throw ConfigError(fmt::format("unknown device \"{}\"; it is cpu, cuda or cuda:<number>", device));
  if (!torch::cuda::is_available()) {
    throw Unsupported(
        fmt::format("device \"{}\": LibTorch {} here sees no CUDA device; use --device cpu, or build longtake against "
                    "a LibTorch with "
                    "CUDA (Debian's has none) on a machine with an NVIDIA GPU and driver",
                    device, TORCH_VERSION));
  }
  const int devices = static_cast<int>(torch::cuda::device_count());
  if (index >= devices) {
    throw Unsupported(fmt::format("device \"{}\": this machine has cuda:0 to cuda:{}", device, devices - 1));
  }
}

std::string describe_torch() {
  const int threads = at::get_num_threads();
  return fmt::format("LibTorch {}, {} thread{}", TORCH_VERSION, threads, threads == 1 ? "" : "s");
}

}  // namespace longtake::training
