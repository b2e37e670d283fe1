// Series over several files.
#include "fields/file_series.h"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <utility>

#include "longtake/error.h"

namespace longtake::fields {
namespace {

// The first field that is read says what size all must have.
class SizeCheck {
 public:
  void operator()(const Field& field, const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (name_.empty()) {
      height_ = field.height;
      width_ = field.width;
      name_ = name;
    }
    if (field.height == height_ && field.width == width_) return;
    throw BadData(fmt::format("{}: {} x {} cells (height x width) where {} has {} x {}; a series has one grid", name,
                              field.height, field.width, name_, height_, width_));
  }

 private:
  std::mutex mutex_;
  std::string name_;
  std::int64_t height_ = 0;
  std::int64_t width_ = 0;
};

class FileSeries : public FieldSeries {
 public:
  FileSeries(std::vector<Files::Path> paths, FieldReader read, const TimeReader& time_of)
      : paths_(std::move(paths)), read_(std::move(read)) {
    for (const Files::Path& path : paths_) {
      std::optional<std::int64_t> time = time_of ? time_of(path) : std::nullopt;
      if (!time) time = read_(path).time;
      if (!time) throw BadData(fmt::format("{}: neither the file nor its name says its time", path.string()));
      times_.push_back(*time);
    }
  }

  const std::vector<std::int64_t>& times() const override { return times_; }

  Field read(std::size_t i) const override {
    check_index(i, paths_.size());
    Field field = read_(paths_[i]);
    check_size_(field, paths_[i].string());
    field.time = times_[i];
    return field;
  }

  std::string file(std::size_t i) const override {
    check_index(i, paths_.size());
    return paths_[i].string();
  }

 private:
  std::vector<Files::Path> paths_;
  FieldReader read_;
  std::vector<std::int64_t> times_;
  mutable SizeCheck check_size_;
};

class JoinedSeries : public FieldSeries {
 public:
  explicit JoinedSeries(std::vector<std::unique_ptr<FieldSeries>> parts) : parts_(std::move(parts)) {
    for (const auto& part : parts_) times_.insert(times_.end(), part->times().begin(), part->times().end());
  }

  const std::vector<std::int64_t>& times() const override { return times_; }

  Field read(std::size_t i) const override {
    const auto [part, k] = part_of(i);
    Field field = part.read(k);
    check_size_(field, part.file(k));
    return field;
  }

  std::string file(std::size_t i) const override {
    const auto [part, k] = part_of(i);
    return part.file(k);
  }

 private:
  // The part that holds the i-th field, and its number there.
  std::pair<const FieldSeries&, std::size_t> part_of(std::size_t i) const {
    check_index(i, times_.size());
    std::size_t part = 0;
    while (i >= parts_[part]->size()) i -= parts_[part++]->size();
    return {*parts_[part], i};
  }

  std::vector<std::unique_ptr<FieldSeries>> parts_;
  std::vector<std::int64_t> times_;
  mutable SizeCheck check_size_;
};

}  // namespace

std::unique_ptr<FieldSeries> file_series(std::vector<Files::Path> paths, FieldReader read, const TimeReader& time_of) {
  return std::make_unique<FileSeries>(std::move(paths), std::move(read), time_of);
}

std::unique_ptr<FieldSeries> concatenate(std::vector<std::unique_ptr<FieldSeries>> parts) {
  if (parts.empty()) throw InvalidArgument("a series of no files");
  return std::make_unique<JoinedSeries>(std::move(parts));
}

std::vector<Files::Path> list_fields(const Files& files, const Files::Path& folder, std::string_view ending) {
  std::vector<Files::Path> paths;
  for (const std::string& name : files.list(folder)) {
    if (name.ends_with(ending)) paths.push_back(folder / name);
  }
  if (paths.empty()) throw BadData(fmt::format("{}: no file's name ends in \"{}\"", folder.string(), ending));
  return paths;
}

}  // namespace longtake::fields
