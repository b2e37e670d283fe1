// Invariant f against another engine: the exported step graph, run by onnxruntime-web, computes what our runtime does.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "invariants/fixture.h"
#include "longtake/error.h"
#include "onnx/stepping.h"

namespace longtake::invariants {

using test::Carried;

TEST_P(Invariants, F_TheExportedStepAgreesOnStreamsThatComeAndGo) {
  SKIP_WITHOUT_NODE();
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    if (executor->plan().whole_sequences) GTEST_SKIP() << "needs whole sequences, so it has no step";
    const auto scripts = invariants::scripts(executor->plan(), 50, 3);
    const test::Script &holds = scripts[1], &gaps_and_holds = scripts[3];
    test::Stepping stepping;
    stepping.add(model_, *executor, holds, Carried::kByTheEngine);
    stepping.add(model_, *executor, gaps_and_holds, Carried::kFromEqualState, {.input_presence = true});
    stepping.add(model_, *executor, gaps_and_holds, Carried::kByTheEngine, {.input_presence = true});
    for (const auto& differences : stepping.differences()) test::expect_agreement(differences);
  }
}

TEST_P(Invariants, F_TheExportedStepAgreesAfterOneTwoAndFiftyTicks) {
  SKIP_WITHOUT_NODE();
  for (const graph::Graph& graph : graphs()) {
    const auto executor = program(graph);
    if (executor->plan().whole_sequences) GTEST_SKIP() << "needs whole sequences, so it has no step";
    const onnx::ExportCheck check = onnx::check_export(*executor, onnx::export_onnx(*model_, graph.name), 50);
    test::expect_agreement(check.from_equal_state);
    test::expect_agreement(check.carried);
    fmt::print("{}: graph {}: the engine is {:.1e} away after 1 tick, {:.1e} after 2 and {:.1e} after 50\n",
               model_->name, graph.name, check.carried[0].greatest, check.carried[1].greatest,
               check.carried[49].greatest);
  }
}

TEST_P(Invariants, F_WhatHasNoStepIsNotExported) {
  for (const graph::Graph& graph : graphs()) {
    if (!program(graph)->plan().whole_sequences) continue;
    EXPECT_THROW(onnx::export_onnx(*model_, graph.name), Unsupported);
  }
}

}  // namespace longtake::invariants
