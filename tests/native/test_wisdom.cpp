// SPDX-License-Identifier: GPL-3.0-or-later
// FFTW's wisdom on disk: whole, or not used at all.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cases.hpp"
#include "fourier.hpp"
#include "wisdom.hpp"

namespace jerald {
namespace {

namespace fs = std::filesystem;

// A folder of this process, which is removed at the end.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("jerald-" + std::to_string(getpid()))) {
    fs::create_directory(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path operator/(const char* name) const { return path_ / name; }
  std::string text() const { return path_.string(); }

 private:
  fs::path path_;
};

std::string read(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

// Measure the plans of a small mesh and keep them in a folder.
void measure(const Folder& folder) {
  Wisdom wisdom;
  wisdom.set_directory(folder.text());
  Fftw<double>::forget_wisdom();
  const Transform<double> transform({{4, 6, 5}, {1, 1, 1}}, Communicator{});
  wisdom.keep<double>(Communicator{}, "mesh");
}

// Whether another process would find wisdom in a folder.
bool finds(const Folder& folder) {
  Wisdom wisdom;
  wisdom.set_directory(folder.text());
  return wisdom.recall<double>(Communicator{}, "mesh");
}

TEST_CASE("wisdom that was cut short is not used, and replaced by the next measurement") {
  const Folder folder;
  CHECK(!finds(folder));
  measure(folder);
  CHECK(finds(folder));
  const fs::path file = folder / "mesh.wisdom";
  const std::string whole = read(file);
  REQUIRE(whole.size() > 100);
  // The last character that counts is the closing parenthesis.
  for (std::size_t length = 0; length <= whole.rfind(')'); ++length) {
    write(file, whole.substr(0, length));
    CHECK(!finds(folder));
  }
  measure(folder);
  CHECK(finds(folder));
}

TEST_CASE("what a killed process left is replaced") {
  const Folder folder;
  write(folder / "mesh.wisdom.partial", std::string(100000, 'x'));
  measure(folder);
  CHECK(finds(folder));
  CHECK(!fs::exists(folder / "mesh.wisdom.partial"));
}

TEST_CASE("without a folder for it wisdom stays in memory") {
  const Folder folder;
  write(folder / "file", "");
  Wisdom wisdom;
  wisdom.set_directory((folder / "file").string());
  wisdom.keep<double>(Communicator{}, "mesh");
  CHECK(wisdom.in_use(1).count("mesh") == 1);
  CHECK(read(folder / "file").empty());
}

}  // namespace
}  // namespace jerald
