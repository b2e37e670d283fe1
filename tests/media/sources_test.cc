// Sources that are no files: HTTP from a server of a few lines, and standard input.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <numeric>
#include <thread>

#include "longtake/error.h"
#include "longtake/video_reader.h"
#include "media/clips.h"

namespace longtake::media {
namespace {

using testing::HasSubstr;

// What becomes of a connection: it is closed once the body is sent, stays open then, or is never answered.
enum class Server : std::uint8_t { kCloses, kStalls, kSilent };

// Serves one body to every request on a free port of this machine.
class HttpServer {
 public:
  HttpServer(std::string body, std::size_t send, Server kind = Server::kCloses)
      : body_(std::move(body)), send_(send), kind_(kind), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    socklen_t length = sizeof(address);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    for (int connection : kept_) ::close(connection);
  }
  std::string url(const std::string& path) const { return fmt::format("http://127.0.0.1:{}/{}", port_, path); }

 private:
  void serve() {
    while (true) {
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0) return;
      if (kind_ != Server::kSilent) answer(connection);
      if (kind_ == Server::kCloses) {
        ::close(connection);
      } else {
        kept_.push_back(connection);
      }
    }
  }

  void answer(int connection) {
    std::string request;
    char buffer[1024];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = ::recv(connection, buffer, sizeof(buffer), 0);
      if (got <= 0) return;
      request.append(buffer, static_cast<std::size_t>(got));
    }
    const bool found = request.starts_with("GET /clip.mp4 ");
    std::string reply = found ? fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body_.size())
                              : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    if (found) reply += body_.substr(0, send_);
    for (std::size_t sent = 0; sent < reply.size();) {
      const ssize_t count = ::send(connection, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  }

  std::string body_;
  std::size_t send_;
  Server kind_;
  int listener_;
  int port_ = 0;
  std::vector<int> kept_;
  std::thread thread_;
};

class Sources : public testing::Test {
 protected:
  void SetUp() override {
    write_numbered_clip(directory_ / "clip.mp4", 30, 10.0);
    bytes_ = read_file(directory_ / "clip.mp4");
  }
  std::vector<int> all() const {
    std::vector<int> numbers(30);
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
  }
  TemporaryDirectory directory_;
  std::string bytes_;
};

TEST_F(Sources, Http) {
  HttpServer server(bytes_, bytes_.size());
  VideoReader reader = VideoReader::open(server.url("clip.mp4"));
  EXPECT_EQ(numbers_of(read_samples(reader)), all());
  EXPECT_FALSE(reader.stats().partial);
}

TEST_F(Sources, HttpThatBreaksOffIsPartial) {
  HttpServer server(bytes_, bytes_.size() * 19 / 20);
  VideoReader reader = VideoReader::open(server.url("clip.mp4"));
  const std::vector<Sample> samples = read_samples(reader);
  EXPECT_GT(samples.size(), 0U);
  EXPECT_LT(samples.size(), 30U);
  EXPECT_TRUE(reader.stats().truncated);
}

TEST_F(Sources, HttpThatStallsIsPartial) {
  HttpServer server(bytes_, bytes_.size() * 19 / 20, Server::kStalls);
  VideoReader reader = VideoReader::open(server.url("clip.mp4"), {.read_timeout_s = 0.2});
  const std::vector<Sample> samples = read_samples(reader);
  EXPECT_GT(samples.size(), 0U);
  EXPECT_LT(samples.size(), 30U);
  EXPECT_TRUE(reader.stats().partial);
  EXPECT_THAT(reader.stats().problems, testing::Contains(HasSubstr("reading took longer than 0.2 s")));
}

TEST_F(Sources, HttpErrorsAreNamed) {
  HttpServer server(bytes_, bytes_.size());
  try {
    VideoReader::open(server.url("other.mp4"));
    FAIL();
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("other.mp4"));
    EXPECT_THAT(error.what(), HasSubstr("404"));
  }
}

TEST_F(Sources, AServerThatSaysNothingTimesOut) {
  HttpServer server(bytes_, 0, Server::kSilent);
  try {
    VideoReader::open(server.url("clip.mp4"), {.open_timeout_s = 0.2});
    FAIL();
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("opening took longer than 0.2 s"));
  }
}

TEST_F(Sources, AStopRequestEndsTheWait) {
  HttpServer server(bytes_, 0, Server::kSilent);
  std::stop_source stop;
  stop.request_stop();
  try {
    VideoReader::open(server.url("clip.mp4"), {.open_timeout_s = 0.0, .stop = stop.get_token()});
    FAIL();
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("stopped on request"));
  }
}

// Puts a pipe in the place of standard input while it lives.
class StandardInput {
 public:
  explicit StandardInput(const std::string& bytes) : saved_(::dup(0)) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    ::dup2(ends[0], 0);
    ::close(ends[0]);
    writer_ = std::thread([&bytes, out = ends[1]] {
      for (std::size_t sent = 0; sent < bytes.size();) {
        const ssize_t count = ::write(out, bytes.data() + sent, bytes.size() - sent);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
      }
      ::close(out);
    });
  }
  ~StandardInput() {
    writer_.join();
    ::dup2(saved_, 0);
    ::close(saved_);
  }

 private:
  int saved_;
  std::thread writer_;
};

TEST_F(Sources, StandardInput) {
  StandardInput input(bytes_);
  VideoReader reader = VideoReader::open("-", {.fps = 10.0});
  EXPECT_EQ(numbers_of(read_samples(reader)), all());
  EXPECT_THROW(reader.seek(0.0), Unsupported);
}

TEST_F(Sources, StandardInputFromALaterStart) {
  StandardInput input(bytes_);
  VideoReader reader = VideoReader::open("-", {.start_s = 2.5});
  EXPECT_THAT(numbers_of(read_samples(reader)), testing::ElementsAre(25, 26, 27, 28, 29));
}

TEST_F(Sources, StandardInputIsWaitedForWithoutALimit) {
  StandardInput input(bytes_);
  VideoReader reader = VideoReader::open("-", {.open_timeout_s = 1e-9, .read_timeout_s = 1e-9});
  EXPECT_EQ(numbers_of(read_samples(reader)), all());
}

TEST_F(Sources, ANamedPipe) {
  const std::string pipe = directory_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { write_file(pipe, bytes_); });
  EXPECT_EQ(numbers_of(read_samples(pipe)), all());
  writer.join();
}

TEST_F(Sources, AStopRequestEndsTheWaitForAPipe) {
  const std::string pipe = directory_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  // Of one of them nobody holds the other end, of the other somebody who writes nothing.
  for (const bool written_to : {false, true}) {
    const int writer = written_to ? ::open(pipe.c_str(), O_RDWR) : -1;
    std::stop_source stop;
    std::thread stopper([&] { stop.request_stop(); });
    try {
      VideoReader::open(pipe, {.stop = stop.get_token()});
      ADD_FAILURE();
    } catch (const IoError& error) {
      EXPECT_THAT(error.what(), HasSubstr("stopped on request"));
    }
    stopper.join();
    if (writer >= 0) ::close(writer);
  }
}

TEST_F(Sources, EmptyStandardInputIsAnError) {
  const std::string nothing;
  StandardInput input(nothing);
  try {
    VideoReader::open("-");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("standard input"));
  }
}

TEST_F(Sources, MissingCamera) {
  try {
    VideoReader::open("/dev/video99");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("/dev/video99"));
  }
}

TEST(Source, LiveOnes) {
  EXPECT_TRUE(is_live("/dev/video0"));
  for (const char* protocol : {"rtsp", "rtsps", "rtmp", "udp", "tcp", "srt", "rtp"}) {
    EXPECT_TRUE(is_live(std::string(protocol) + "://camera/1")) << protocol;
  }
  EXPECT_FALSE(is_live("clip.mp4"));
  EXPECT_FALSE(is_live("-"));
  EXPECT_FALSE(is_live("http://host/clip.mp4"));
}

TEST_F(Sources, AColonInAFileNameIsNoProtocol) {
  write_file(directory_ / "take:1.mp4", bytes_);
  EXPECT_EQ(numbers_of(read_samples(directory_ / "take:1.mp4")), all());
}

}  // namespace
}  // namespace longtake::media
