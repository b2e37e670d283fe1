// Includes every public header of the component and uses what needs the libraries behind it.
#include <longtake/error.h>
#include <longtake/video_reader.h>

#include <iostream>

int main() {
  try {
    longtake::VideoReader::open("no/such/video.mp4");
  } catch (const longtake::IoError& error) {
    std::cout << error.what() << '\n';
    return 0;
  }
  return 1;
}
