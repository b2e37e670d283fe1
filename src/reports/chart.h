// Line charts as inline SVG. Private to reports.
#pragma once

#include <string>
#include <vector>

namespace longtake::reports {

struct Point {
  double step = 0;
  double value = 0;  // NaN and infinities leave a gap
};

struct Curve {
  std::string name;
  std::vector<Point> points;  // by step
};

// A group of curves over the same axes.
struct Chart {
  std::string title;               // "Loss"
  std::string step_name = "step";  // what the horizontal axis counts: "step", "epoch"
  bool percent = false;            // values are shares, shown as percentages
  std::vector<Curve> curves;
  bool from_nothing = false;  // the vertical axis begins at 0, so that what is nearly even looks so
};

// A <figure> with the drawing, its legend, and the numbers as a table to unfold.
std::string chart_html(const Chart& chart);

// At most about `limit` points that keep the shape: of each stretch of steps the lowest and the highest value.
std::vector<Point> thin_out(const std::vector<Point>& points, std::size_t limit);

// Round numbers that span [low, high] with about `count` steps; low < high.
std::vector<double> ticks_between(double low, double high, int count);

}  // namespace longtake::reports
