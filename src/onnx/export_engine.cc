#include "onnx/export_engine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/files.h"
#include "base/safetensors.h"
#include "base/text.h"
#include "onnx/export_engine_script.h"

namespace longtake::onnx {

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "longtake-onnx-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw IoError(fmt::format("{}: {}", name, std::strerror(errno)));
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;  // what is left there harms nothing
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ / name; }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Runs Node with nothing to read and both outputs in the file `said`. Returns its exit code, or -1 where a signal ended
// it.
int run_node(const std::string& script, const std::string& folder, std::size_t runs, const std::string& said) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, said.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  std::string node = "node", first = script, second = folder, third = std::to_string(runs);
  const std::array<char*, 5> argv{node.data(), first.data(), second.data(), third.data(), nullptr};
  pid_t child = -1;
  const int error = posix_spawnp(&child, "node", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) throw EngineMissing("there is no Node (the program `node`) to run ONNX files with; install it");
  if (error != 0) throw IoError(fmt::format("node: {}", std::strerror(error)));
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw IoError(fmt::format("node: {}", std::strerror(errno)));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Tensors are called "<tick>/<name>".
SafetensorsFile to_container(const std::vector<NamedTensors>& ticks) {
  SafetensorsFile file;
  file.metadata["ticks"] = std::to_string(ticks.size());
  for (std::size_t t = 0; t < ticks.size(); ++t) {
    for (const auto& [name, tensor] : ticks[t]) file.tensors[fmt::format("{}/{}", t, name)] = tensor;
  }
  return file;
}

std::vector<NamedTensors> from_container(const SafetensorsFile& file, std::size_t ticks) {
  std::vector<NamedTensors> results(ticks);
  for (const auto& [key, tensor] : file.tensors) {
    const std::size_t slash = key.find('/');
    results.at(parse_int64(key.substr(0, slash), "a tick of the engine"))[key.substr(slash + 1)] = tensor;
  }
  return results;
}

}  // namespace

std::vector<std::vector<NamedTensors>> run_in_engine(std::span<const EngineRun> runs) {
  const TemporaryFolder folder;
  const Files& files = real_files();
  files.write_atomic(folder / "step.cjs", kEngineScript);
  for (std::size_t r = 0; r < runs.size(); ++r) {
    files.write_atomic(folder / fmt::format("{}.onnx", r), runs[r].onnx);
    save_safetensors(files, folder / fmt::format("{}.inputs", r), to_container(runs[r].ticks));
  }
  const int code = run_node(folder / "step.cjs", folder.path(), runs.size(), folder / "said");
  if (code == kNoPackage) {
    throw EngineMissing(
        "Node does not find the package onnxruntime-web; run `npm install onnxruntime-web` in this directory, or name "
        "in NODE_PATH the node_modules that has it");
  }
  if (code != 0) throw Error(fmt::format("onnxruntime-web failed: {}", trim(files.read(folder / "said"))));
  std::vector<std::vector<NamedTensors>> results;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    results.push_back(
        from_container(read_safetensors(files, folder / fmt::format("{}.outputs", r)), runs[r].ticks.size()));
  }
  return results;
}

}  // namespace longtake::onnx
