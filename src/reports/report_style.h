// How the HTML reports look. Private to reports.
#pragma once

#include <string_view>

namespace longtake::reports {

// The content of <style>: light and dark as the reader's system wants it, for any width, and for paper.
std::string_view report_style();

}  // namespace longtake::reports
