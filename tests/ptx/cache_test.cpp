// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The disk cache: what it finds again, what it throws away, and that it never gets in the way.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "compiler/cache/disk_cache.h"

namespace cutrans::cache {
namespace {

namespace fs = std::filesystem;

class Cache : public testing::Test {
 protected:
  Cache() {
    std::string name = (fs::temp_directory_path() / "cutrans-cache-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~Cache() override {
    ::chmod(folder_.c_str(), 0700);
    fs::remove_all(folder_);
  }

  Key key(uint64_t n) { return KeyBuilder().add(n).finish(); }
  bool put(DiskCache &cache, uint64_t n, std::string_view bytes) {
    std::string warning;
    return cache.store(key(n), bytes, hit_, warning, not_private_);
  }
  fs::path file(uint64_t n) { return folder_ / (toHex(key(n)) + ".so"); }
  void age(uint64_t n, int seconds) {
    fs::last_write_time(file(n), fs::file_time_type::clock::now() - std::chrono::seconds(seconds));
  }

  fs::path folder_;
  DiskCache::Hit hit_;
  bool not_private_ = false;
};

TEST_F(Cache, FindsWhatWasStored) {
  DiskCache cache(folder_ / "made" / "when" / "needed", 0);
  EXPECT_FALSE(cache.find(key(1), hit_));
  ASSERT_TRUE(put(cache, 1, "artifact"));
  DiskCache::Hit hit;
  ASSERT_TRUE(cache.find(key(1), hit));
  EXPECT_EQ(hit.path, hit_.path);
  EXPECT_EQ(hit.size, 8u);
  std::ifstream in(hit.path, std::ios::binary);
  std::string start(8, ' ');
  in.read(start.data(), 8);
  EXPECT_EQ(start, "artifact");
  EXPECT_FALSE(cache.find(key(2), hit));
}

TEST_F(Cache, DamagedFilesAreRemoved) {
  DiskCache cache(folder_, 0);
  std::string bytes(1000, 'x');
  for (int damage = 0; damage < 4; ++damage) {
    ASSERT_TRUE(put(cache, 1, bytes));
    if (damage == 0) fs::resize_file(file(1), 500);
    if (damage == 1) fs::resize_file(file(1), 0);
    if (damage == 2) std::fstream(file(1), std::ios::in | std::ios::out).seekp(400).put('y');
    if (damage == 3) {  // the whole file of another key
      ASSERT_TRUE(put(cache, 2, bytes));
      fs::copy_file(file(2), file(1), fs::copy_options::overwrite_existing);
    }
    EXPECT_FALSE(cache.find(key(1), hit_)) << damage;
    EXPECT_FALSE(fs::exists(file(1))) << damage;
  }
}

TEST_F(Cache, SweepRemovesTheLongestUnused) {
  DiskCache cache(folder_, 0);
  std::string bytes(1000, 'x');
  for (uint64_t n = 0; n < 5; ++n) {
    ASSERT_TRUE(put(cache, n, bytes));
    age(n, 1000 - static_cast<int>(n) * 100);
  }
  ASSERT_TRUE(cache.find(key(0), hit_)) << "a hit counts as use";
  std::ofstream(folder_ / "not ours.so") << "kept";
  sweep(folder_, 3500);
  EXPECT_TRUE(fs::exists(file(0)));
  EXPECT_FALSE(fs::exists(file(1)));
  EXPECT_FALSE(fs::exists(file(2)));
  EXPECT_TRUE(fs::exists(file(3)));
  EXPECT_TRUE(fs::exists(file(4)));
  EXPECT_TRUE(fs::exists(folder_ / "not ours.so"));
}

TEST_F(Cache, SweepKeepsWhatIsFresh) {
  DiskCache cache(folder_, 10);
  ASSERT_TRUE(put(cache, 1, std::string(1000, 'x')));
  ASSERT_TRUE(put(cache, 2, std::string(1000, 'x')));
  EXPECT_TRUE(fs::exists(file(1)) && fs::exists(file(2))) << "another process may be about to open them";
}

TEST_F(Cache, SweepRemovesAbandonedTemporaries) {
  fs::path fresh = folder_ / (toHex(key(1)) + ".so.abcdef.tmp"), old = folder_ / (toHex(key(2)) + ".so.abcdef.tmp");
  std::ofstream(fresh) << "x";
  std::ofstream(old) << "x";
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  sweep(folder_, 1 << 20);
  EXPECT_TRUE(fs::exists(fresh));
  EXPECT_FALSE(fs::exists(old));
}

TEST_F(Cache, CannotBeWrittenWarnsOnce) {
  std::ofstream(folder_ / "file") << "in the way";
  DiskCache cache(folder_ / "file" / "cache", 0);
  std::string warning;
  EXPECT_FALSE(cache.store(key(1), "x", hit_, warning, not_private_));
  EXPECT_NE(warning.find("cache"), std::string::npos);
  EXPECT_FALSE(cache.store(key(1), "x", hit_, warning, not_private_));
  EXPECT_EQ(warning, "");
  EXPECT_FALSE(not_private_);
}

TEST_F(Cache, FoldersThatOthersMayWriteAreNotUsed) {
  DiskCache cache(folder_, 0);
  ASSERT_TRUE(put(cache, 1, "x"));
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  EXPECT_FALSE(cache.find(key(1), hit_));
  std::string warning;
  EXPECT_FALSE(cache.store(key(2), "x", hit_, warning, not_private_));
  EXPECT_TRUE(not_private_);
}

TEST_F(Cache, ManyWritersOfOneKey) {
  DiskCache cache(folder_, 1 << 20);
  std::vector<std::thread> threads;
  std::atomic<int> bad{0};
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      DiskCache own(folder_, 1 << 20);
      for (int i = 0; i < 50; ++i) {
        DiskCache::Hit hit;
        std::string warning;
        bool not_private;
        if (!own.store(key(7), std::string(5000, 'z'), hit, warning, not_private)) ++bad;
        if (!own.find(key(7), hit) || hit.size != 5000) ++bad;
      }
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(bad, 0);
}

TEST(Key, DependsOnEveryPart) {
  auto of = [](std::string_view a, std::string_view b, uint64_t n) { return toHex(KeyBuilder().add(a).add(b).add(n).finish()); };
  EXPECT_EQ(of("a", "b", 1), of("a", "b", 1));
  EXPECT_NE(of("a", "b", 1), of("a", "b", 2));
  EXPECT_NE(of("ab", "", 1), of("a", "b", 1));
  EXPECT_EQ(of("a", "b", 1).size(), 32u);
}

TEST(LibraryIdentity, ChangesWithTheFile) {
  std::string path = (fs::temp_directory_path() / "cutrans-identity-XXXXXX").string();
  int fd = ::mkstemp(path.data());
  ASSERT_GE(fd, 0);
  EXPECT_EQ(::write(fd, "abc", 3), 3);
  std::string first = libraryIdentity(path);
  EXPECT_EQ(::write(fd, "d", 1), 1);
  ::close(fd);
  EXPECT_NE(first, "");
  EXPECT_NE(first, libraryIdentity(path));
  fs::remove(path);
  EXPECT_EQ(libraryIdentity(path), "");
  EXPECT_TRUE(libraryIdentity("/proc/self/exe").starts_with("id:")) << "this program has a build id";
}

}  // namespace
}  // namespace cutrans::cache
