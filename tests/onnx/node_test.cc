// ONNX's own node tests (Debian's libonnx-testdata), all of those whose ops docs/onnx.md lists: in the runtime and in
// the trainer. outside.txt names the ones that use such an op in a way that is not supported, each with the reason.
//
//   LONGTAKE_ONNX_LIST=1 onnx_test --gtest_filter='*Node*'    prints every test that is outside, with its reason
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "longtake/error.h"
#include "onnx/node_case.h"
#include "runtime/program.h"
#ifdef LONGTAKE_WITH_TRAINING
#include "training/torch_executor.h"
#endif

namespace longtake::test {
namespace {

const std::filesystem::path kFolder = "/usr/share/libonnx-testdata/data";

std::map<std::string, ExecutorMaker> executors() {
  std::map<std::string, ExecutorMaker> makers;
  makers["runtime"] = [](const auto& model, const std::string& graph) {
    return std::make_unique<runtime::Program>(model, graph);
  };
#ifdef LONGTAKE_WITH_TRAINING
  makers["trainer"] = [](const auto& model, const std::string& graph) {
    return std::make_unique<training::TorchExecutor>(*model, graph);
  };
#endif
  return makers;
}

// "suite/test" to the reason.
std::map<std::string, std::string> known_outside() {
  std::map<std::string, std::string> known;
  std::ifstream file("tests/onnx/outside.txt");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (!line.empty() && line[0] != '#' && colon != std::string::npos)
      known[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return known;
}

struct Verdict {
  bool ran = false, as_graph = false;
  std::string failure;
  std::string reason;  // why it is outside
};

void compare(const NodeCase& c, const std::vector<Tensor>& outputs, const std::string& how, Verdict& verdict) {
  verdict.ran = true;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string differs = difference(c.outputs[i].tensor, outputs[i]);
    if (!differs.empty()) verdict.failure = c.name + ", " + how + ": " + c.outputs[i].name + " is " + differs;
  }
}

Verdict run_all_ways(const NodeCase& c) {
  Verdict verdict;
  const auto attempt = [&](const std::string& how, const std::function<std::vector<Tensor>()>& run) {
    try {
      compare(c, run(), how, verdict);
    } catch (const Unsupported& error) {
      if (verdict.reason.empty()) verdict.reason = error.what();
    } catch (const std::exception& error) {
      verdict.failure = c.name + ", " + how + ": " + error.what();
    }
  };
  for (const Setting& setting : settings_of(c)) {
    for (const auto& [name, make] : executors()) {
      attempt(setting.name + " in the " + name, [&, make = make] {
        std::vector<Tensor> outputs = run_case(c, setting, make);
        verdict.as_graph = true;
        return outputs;
      });
    }
  }
  attempt("as constants", [&] {
    std::map<std::string, Tensor> constants;
    for (const NamedTensor& input : c.inputs) constants[input.name] = input.tensor;
    return onnx::fold_graph(c.file, {}, constants);
  });
  return verdict;
}

Verdict judge(const std::filesystem::path& folder, const std::set<std::string>& ops, bool& in_table) {
  in_table = false;
  try {
    const NodeCase c = load_case(folder);
    for (const std::string& op : c.ops) {
      if (ops.count(op) == 0) return {.reason = "op " + op};
    }
    in_table = true;
    return run_all_ways(c);
  } catch (const Unsupported& error) {
    return {.reason = error.what()};
  } catch (const Error& error) {
    return {.failure = folder.filename().string() + ": " + error.what()};
  }
}

class Node : public testing::TestWithParam<const char*> {};

TEST_P(Node, TestsOfTheTablePassInTheRuntimeAndInTheTrainer) {
  const std::filesystem::path suite = kFolder / GetParam();
  if (!std::filesystem::exists(suite)) GTEST_SKIP() << "needs Debian's libonnx-testdata";
  const std::vector<std::string> list = onnx::supported_ops();
  const std::set<std::string> ops(list.begin(), list.end());
  const auto known = known_outside();
  const bool lists = std::getenv("LONGTAKE_ONNX_LIST") != nullptr;
  std::vector<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(suite)) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  int passed = 0, as_graphs = 0, other_ops = 0, other_ways = 0;
  std::set<std::string> recurrent;
  for (const auto& folder : folders) {
    const std::string name = std::string(GetParam()) + "/" + folder.filename().string();
    bool in_table = false;
    const Verdict verdict = judge(folder, ops, in_table);
    EXPECT_EQ(verdict.failure, "");
    if (verdict.failure.empty() && verdict.ran) {
      ++passed;
      as_graphs += verdict.as_graph ? 1 : 0;
      if (folder.filename().string().find("test_lstm") == 0 ||
          folder.filename().string().find("rnn") != std::string::npos ||
          folder.filename().string().find("test_gru") == 0) {
        recurrent.insert(folder.filename().string());
      }
      EXPECT_EQ(known.count(name), 0U) << name << " passes; take it off tests/onnx/outside.txt";
    }
    if (verdict.ran || !verdict.failure.empty()) continue;
    ++(in_table ? other_ways : other_ops);
    if (in_table) {
      EXPECT_EQ(known.count(name), 1U) << name << " did not run: " << verdict.reason;
    }
    if (lists) std::cout << name << ": " << (in_table ? "" : "(other op) ") << verdict.reason << "\n";
  }
  std::cout << GetParam() << ": " << folders.size() << " tests, " << passed + other_ways
            << " of them for ops in docs/onnx.md: " << passed << " run and passed (" << as_graphs
            << " as graphs, the others as constants only), " << other_ways
            << " outside the table by their attributes (tests/onnx/outside.txt); " << other_ops << " for other ops\n";
  EXPECT_GT(passed, 0);
  if (std::string(GetParam()) == "node") {
    EXPECT_EQ(recurrent.size(), 12U) << "recurrent tests";
  }
}

INSTANTIATE_TEST_SUITE_P(Suite, Node, testing::Values("node", "pytorch-operator", "pytorch-converted"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace longtake::test
