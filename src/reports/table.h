// Tables for people at a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace longtake::reports {

enum class Align : std::uint8_t { kLeft, kRight };

struct TableColumn {
  std::string title;
  Align align = Align::kLeft;
};

// Rows of cells under their titles, two spaces between columns and none at a line's end. Widths are those of a
// terminal: combining marks take no column, East Asian characters two. Control characters become spaces. A short row
// has empty cells; without any title there is no line of titles. Throws InvalidArgument for a row with too many cells.
std::string aligned_table(const std::vector<TableColumn>& columns, const std::vector<std::vector<std::string>>& rows);

}  // namespace longtake::reports
