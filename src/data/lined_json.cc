#include "data/lined_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "data/list_file.h"
#include "longtake/error.h"

namespace longtake {
namespace {

constexpr std::size_t kDeepest = 64;

struct Reading {
  std::int64_t line = 1;        // of the next character
  std::int64_t token_line = 1;  // of the newest one that is no white space: the parser reads one beyond a number
};

// Gives the parser its characters and counts their lines.
class CountingIterator {
 public:
  // NOLINTBEGIN(readability-identifier-naming): the names that std::iterator_traits looks for
  using iterator_category = std::forward_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  // NOLINTEND(readability-identifier-naming)

  CountingIterator(const char* at, Reading& reading) : at_(at), reading_(&reading) {}

  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    if (*at_ == '\n') {
      ++reading_->line;
    } else if (*at_ != ' ' && *at_ != '\t' && *at_ != '\r') {
      reading_->token_line = reading_->line;
    }
    ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  Reading* reading_;
};

// Takes in what nlohmann's parser finds; the names are its own.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  TreeBuilder(const Reading& reading, const std::string& source_name) : reading_(reading), source_name_(source_name) {}

  bool null() override { return add(LinedJson::Kind::kNull), true; }
  bool boolean(bool) override { return add(LinedJson::Kind::kBoolean), true; }
  bool number_integer(number_integer_t value) override { return number(static_cast<double>(value)); }
  bool number_unsigned(number_unsigned_t value) override { return number(static_cast<double>(value)); }
  bool number_float(number_float_t value, const string_t&) override { return number(value); }
  bool string(string_t& value) override {
    add(LinedJson::Kind::kString).text = std::move(value);
    return true;
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override {
    open_.push_back(&add(LinedJson::Kind::kObject));
    keys_.emplace_back();
    return true;
  }
  bool start_array(std::size_t) override {
    open_.push_back(&add(LinedJson::Kind::kArray));
    keys_.emplace_back();
    return true;
  }
  bool key(string_t& name) override {
    if (!keys_.back().insert(name).second) fail(fmt::format("the key \"{:.80}\" is there twice", name));
    open_.back()->keys.push_back(std::move(name));
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
    fail(fmt::format("it is no JSON: {:.200}", error.what()));
  }

  LinedJson take() { return std::move(root_); }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw BadData(fmt::format("{}: {}", place(source_name_, reading_.token_line), reason));
  }

  LinedJson& add(LinedJson::Kind kind) {
    if (open_.size() >= kDeepest) fail(fmt::format("it is nested more than {} deep", kDeepest));
    // While something is open its parent does not grow, so the pointers stay good.
    LinedJson& value = open_.empty() ? root_ : open_.back()->elements.emplace_back();
    value.kind = kind;
    value.line = reading_.token_line;
    return value;
  }
  bool number(double value) {
    add(LinedJson::Kind::kNumber).number = value;
    return true;
  }
  bool close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }

  const Reading& reading_;
  const std::string& source_name_;
  LinedJson root_;
  std::vector<LinedJson*> open_;
  std::vector<std::set<std::string>> keys_;  // of each that is open
};

}  // namespace

const LinedJson* LinedJson::find(std::string_view key) const {
  const auto found = std::find(keys.begin(), keys.end(), key);
  return found == keys.end() ? nullptr : &elements[static_cast<std::size_t>(found - keys.begin())];
}

LinedJson parse_lined_json(std::string_view text, const std::string& source_name) {
  Reading reading;
  TreeBuilder builder(reading, source_name);
  const CountingIterator begin(text.data(), reading), end(text.data() + text.size(), reading);
  nlohmann::json::sax_parse(begin, end, &builder);
  return builder.take();
}

}  // namespace longtake
