#include "reports/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "longtake/error.h"
#include "reports/utf8.h"

namespace longtake::reports {
namespace {

using Row = std::vector<std::string>;

std::string line_of(const Row& row, const std::vector<TableColumn>& columns, const std::vector<int>& widths) {
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) line += "  ";
    const std::string padding(widths[i] - columns_of(row[i]), ' ');
    line += columns[i].align == Align::kRight ? padding + row[i] : row[i] + padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string aligned_table(const std::vector<TableColumn>& columns, const std::vector<std::vector<std::string>>& rows) {
  std::vector<Row> lines;
  Row titles;
  for (const TableColumn& column : columns) titles.push_back(on_one_line(column.title));
  if (std::any_of(titles.begin(), titles.end(), [](const std::string& title) { return !title.empty(); })) {
    lines.push_back(titles);
  }
  for (const Row& row : rows) {
    if (row.size() > columns.size()) {
      throw InvalidArgument(fmt::format("a row of {} cells in a table of {} columns", row.size(), columns.size()));
    }
    Row& line = lines.emplace_back(columns.size());
    std::transform(row.begin(), row.end(), line.begin(), on_one_line);
  }
  std::vector<int> widths(columns.size(), 0);
  for (const Row& line : lines) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], columns_of(line[i]));
  }
  std::string out;
  for (const Row& line : lines) out += line_of(line, columns, widths);
  return out;
}

}  // namespace longtake::reports
