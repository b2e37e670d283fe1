// Follows a video live: every frame gives an answer as soon as it is there, in constant memory, however long it runs.
//
//   follow MODEL SOURCE     SOURCE is a file, rtsp://, http(s)://, /dev/video0 or - for standard input
#include <algorithm>
#include <cstdio>
#include <string>

#include "longtake/error.h"
#include "longtake/model.h"
#include "longtake/prepare.h"
#include "longtake/session.h"
#include "longtake/video_reader.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: follow MODEL SOURCE\n");
    return 2;
  }
  try {
    // The model file says how it wants to be fed, so it cannot be fed wrongly.
    const longtake::Model model = longtake::Model::load(argv[1]);
    const longtake::InputSpec& spec = model.inputs().at("frame");
    longtake::VideoReader reader = longtake::VideoReader::open(argv[2], longtake::video_options(spec));

    longtake::Session session(model);
    longtake::State state = session.initial_state();  // all that is remembered: copy, save or fork it at will
    longtake::Frame frame;
    longtake::Tensor input(longtake::DType::kFloat32, session.input_shape("frame"));
    while (reader.read(frame)) {
      longtake::prepare_frame(frame.image, spec, {}, input.data<float>());
      session.step(input, state);
      const auto scores = session.output("video").data.data<float>();  // of the frames so far
      const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
      std::printf("%8.3f s  %-20s %.3f\n", frame.time_s, model.labels()[best].c_str(), scores[best]);
    }
    if (reader.stats().partial) std::fprintf(stderr, "the video ended before its time\n");
  } catch (const longtake::Error& error) {
    std::fprintf(stderr, "follow: %s\n", error.what());
    return 1;
  }
}
