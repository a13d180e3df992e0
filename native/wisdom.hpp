// SPDX-License-Identifier: GPL-3.0-or-later
// FFTW's measured plans, kept on disk: one file for each mesh, precision, threads and ranks.
//
// Measuring chooses among algorithms that differ in the last bit, so runs are equal bit for bit
// only with the same wisdom. Rank 0 reads and writes it, and all ranks plan with rank 0's.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <system_error>

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

  // Replace the wisdom of every rank by what rank 0 finds under a name. False if it finds none.
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

  // Keep the measurements of the plans just made, those of all ranks together.
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
  // FFTW's present wisdom.
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

  // By rename, so that no other process reads half a file. The temporary name is always the same,
  // so the next run replaces the file of a killed one. Two processes may write it at once: FFTW
  // rejects a text that is not whole, and the plans are then measured again.
  void write(const std::string& name, const std::string& text) const {
    if (directory_.empty()) return;
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    const std::string temporary = path(name) + ".partial";
    std::ofstream file(temporary);
    file << text;
    file.close();
    if (file) std::filesystem::rename(temporary, path(name), error);
    // Another process that wrote at once may have renamed the file already.
    if (!file || (error && error != std::errc::no_such_file_or_directory)) {
      std::fprintf(stderr,
                   "jerald-tools: cannot keep FFTW wisdom in %s; plans will be measured "
                   "again in the next run\n",
                   directory_.c_str());
    }
  }

  std::string directory_;
  std::map<int, std::map<std::string, std::string>> texts_;  // by number of ranks, by name
};

}  // namespace jerald
