// SPDX-License-Identifier: GPL-3.0-or-later
// FFTW's measured plans, kept on disk: one file for each mesh, precision, threads and ranks.
//
// Measuring chooses among algorithms that differ in the last bit, so runs are equal bit for bit
// only with the same wisdom. Rank 0 reads and writes it, all ranks plan with rank 0's.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "communicator.hpp"
#include "fftw.hpp"

namespace jerald {

class Wisdom {
 public:
  // An empty directory keeps wisdom in memory only.
  void set_directory(const std::string& directory) { directory_ = directory; }

  // Texts by name that plans over a number of ranks use, the same on every rank.
  std::map<std::string, std::string> in_use(int ranks) const {
    const auto entry = texts_.find(ranks);
    return entry == texts_.end() ? std::map<std::string, std::string>{} : entry->second;
  }

  // Put on every rank what rank 0 finds for a name and nothing else. False if it found none.
  template <class T>
  bool recall(const Communicator& ranks, const std::string& name) {
    std::string text;
    if (ranks.rank == 0) {
      const auto& texts = texts_[ranks.size];
      text = texts.count(name) ? texts.at(name) : read(name);
      Fftw<T>::forget_wisdom();
      if (!Fftw<T>::import_wisdom(text.c_str())) text.clear();
    }
    text = ranks.broadcast(text);
    Fftw<T>::forget_wisdom();
    if (text.empty()) return false;
    Fftw<T>::import_wisdom(text.c_str());
    texts_[ranks.size][name] = text;
    return true;
  }

  // Keep what the plans just made have measured, all ranks' together.
  template <class T>
  void keep(const Communicator& ranks, const std::string& name) {
    std::string text = exported<T>();
    for (int rank = 1; rank < ranks.size; ++rank) {
      const std::string measured = ranks.broadcast(text, rank);
      if (ranks.rank == 0) Fftw<T>::import_wisdom(measured.c_str());
    }
    if (ranks.rank == 0) {
      text = exported<T>();
      write(name, text);
    }
    texts_[ranks.size][name] = ranks.broadcast(text);
  }

 private:
  // What FFTW knows now.
  template <class T>
  static std::string exported() {
    char* exported = Fftw<T>::export_wisdom();
    const std::string text = exported;
    std::free(exported);
    return text;
  }

  std::string path(const std::string& name) const {
    return (std::filesystem::path(directory_) / (name + ".wisdom")).string();
  }

  std::string read(const std::string& name) const {
    if (directory_.empty()) return {};
    std::ifstream file(path(name));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  // By rename: another process never reads half a file. There is one temporary name for each, so
  // that what a killed process leaves is written over; while another process has it locked, that
  // one's wisdom is kept.
  void write(const std::string& name, const std::string& text) const {
    if (directory_.empty()) return;
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    const std::string temporary = path(name) + ".partial";
    const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file >= 0 && !lock(file, temporary)) {
      close(file);
      return;
    }
    const bool whole = file >= 0 && ftruncate(file, 0) == 0 &&
                       ::write(file, text.data(), text.size()) == ssize_t(text.size());
    if (whole) std::filesystem::rename(temporary, path(name), error);
    if (file >= 0) close(file);
    if (!whole || error) {
      std::fprintf(stderr,
                   "jerald-tools: cannot keep FFTW wisdom in %s; plans will be measured "
                   "again in the next run\n",
                   directory_.c_str());
    }
  }

  // Have an open file alone, under the name that it was opened by.
  static bool lock(int file, const std::string& name) {
    struct stat here, there;
    // Some network file systems have no locks.
    if (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
    return fstat(file, &here) == 0 && stat(name.c_str(), &there) == 0 &&
           here.st_ino == there.st_ino;
  }

  std::string directory_;
  std::map<int, std::map<std::string, std::string>> texts_;  // by number of ranks, by name
};

}  // namespace jerald
