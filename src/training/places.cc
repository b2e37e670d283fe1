#include "training/places.h"

#include <algorithm>

#include "training/bridge.h"

namespace longtake::training {

namespace {

bool is_whole_piece(const torch::Tensor& piece, std::span<const Place> places) {
  if (piece.size(0) != static_cast<std::int64_t>(places.size())) return false;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].piece != places[0].piece || places[i].row != static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

}  // namespace

torch::Tensor gather(std::span<const torch::Tensor> pieces, std::span<const Place> places) {
  const torch::Tensor& first = pieces[places[0].piece];
  if (is_whole_piece(first, places)) return first;

  std::vector<torch::Tensor> used;
  std::vector<std::pair<std::int32_t, std::int64_t>> offsets;  // of the used pieces
  std::int64_t rows = 0;
  std::vector<std::int64_t> index;
  index.reserve(places.size());
  for (const Place& place : places) {
    auto known = std::find_if(offsets.rbegin(), offsets.rend(), [&](const auto& o) { return o.first == place.piece; });
    if (known == offsets.rend()) {
      used.push_back(pieces[place.piece]);
      offsets.emplace_back(place.piece, rows);
      rows += used.back().size(0);
      known = offsets.rbegin();
    }
    index.push_back(known->second + place.row);
  }
  const torch::Tensor all = used.size() == 1 ? used.front() : torch::cat(used);
  return all.index_select(0, index_tensor(index, all.device()));
}

std::vector<torch::Tensor> split_ticks(const torch::Tensor& rows, const graph::RowSet& set) {
  std::vector<std::int64_t> sizes;
  for (std::size_t t = 0; t + 1 < set.begin.size(); ++t) sizes.push_back(set.begin[t + 1] - set.begin[t]);
  return sizes.empty() ? std::vector<torch::Tensor>() : rows.split_with_sizes(sizes);
}

Place PlaceFinder::find(std::int32_t source, std::int32_t stream, std::int32_t initial_row) const {
  if (source >= 0) {
    const auto after = std::upper_bound(begin.begin(), begin.end(), source);
    const auto piece = static_cast<std::int32_t>(after - begin.begin()) - 1;
    return {piece, source - begin[piece]};
  }
  if (source == graph::kCarried) return {carried(), stream};
  if (initial_row >= 0) return {initial(), initial_row};
  return {neutral(), 0};
}

}  // namespace longtake::training
