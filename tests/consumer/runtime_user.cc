// Includes every public header of the component and uses what needs the libraries behind it.
#include <longtake/chunk.h>
#include <longtake/error.h>
#include <longtake/input_spec.h>
#include <longtake/model.h>
#include <longtake/session.h>
#include <longtake/state.h>
#include <longtake/tensor.h>

#include <iostream>

int main() {
  longtake::State state(1);
  state.set("h", longtake::Tensor::from<float>({1, 2}, {1.0F, 2.0F}));
  if (longtake::State::from_bytes(state.to_bytes(), "memory") != state) return 1;
  try {
    longtake::Session session(longtake::Model::load("no/such/model.safetensors"));
  } catch (const longtake::IoError& error) {
    std::cout << error.what() << '\n';
    return 0;
  }
  return 1;
}
