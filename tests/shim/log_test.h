// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The error log, the same test for both APIs: `Logs` has their names.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace shim_test {

// Logs: Error, Handle, Iterator, ok, invalid, and functions registerCallback, unregister, current, toFile, toMemory; fail() makes a call that
// fails with `invalid` and whose name is `failing`.
template <class Logs>
struct LogTest {
  using Iterator = typename Logs::Iterator;

  static std::string dump(Iterator *from, size_t room = 30000) {
    std::string buffer(room, '#');
    size_t size = room;
    EXPECT_EQ(Logs::toMemory(from, buffer.data(), &size, 0), Logs::ok);
    EXPECT_EQ(std::strlen(buffer.c_str()), size);
    return buffer.c_str();
  }

  static void messagesComeAfterTheIterator() {
    Logs::fail();
    Iterator from = 0;
    ASSERT_EQ(Logs::current(&from, 0), Logs::ok);
    const Iterator start = from;
    EXPECT_EQ(dump(&from), "") << "nothing since";
    Logs::fail();
    const std::string text = dump(&from);
    EXPECT_THAT(text, testing::HasSubstr(Logs::failing));
    EXPECT_THAT(text, testing::EndsWith("\n"));
    EXPECT_EQ(dump(&from), "") << "the iterator moved on";
    EXPECT_NE(from, start);
    Iterator again = start;
    EXPECT_EQ(dump(&again), text);
    EXPECT_GT(dump(nullptr).size(), text.size()) << "without an iterator: all";
  }

  static void aSmallBufferGetsTheNewest() {
    Iterator from = 0;
    ASSERT_EQ(Logs::current(&from, 0), Logs::ok);
    const Iterator start = from;
    for (int i = 0; i < 10; ++i) Logs::fail();
    const std::string all = dump(&from);
    Iterator again = start;
    const std::string part = dump(&again, all.size() / 2);
    EXPECT_THAT(part, testing::StartsWith("[older"));
    EXPECT_THAT(part, testing::EndsWith(all.substr(all.rfind('\n', all.size() - 2) + 1)));
    char tiny[8];
    size_t size = sizeof tiny;
    again = start;
    EXPECT_EQ(Logs::toMemory(&again, tiny, &size, 0), Logs::invalid);
    EXPECT_EQ(size, 0u);
    EXPECT_EQ(again, start);
  }

  static void theOldestGo() {
    Iterator from = 0;
    ASSERT_EQ(Logs::current(&from, 0), Logs::ok);
    for (int i = 0; i < 2000; ++i) Logs::fail();
    const std::string text = dump(&from, 100000);
    EXPECT_LE(text.size(), 25700u);
    EXPECT_THAT(text, testing::StartsWith("[older"));
  }

  static void listenersAreTold() {
    struct Heard {
      std::vector<std::string> lines;
      static void hear(void *data, typename Logs::Level level, char *message, size_t length) {
        EXPECT_EQ(static_cast<int>(level), 0);
        EXPECT_EQ(std::strlen(message), length);
        static_cast<Heard *>(data)->lines.push_back(message);
        Logs::fail();  // kept, and not told again
      }
    } heard;
    typename Logs::Handle handle = nullptr;
    ASSERT_EQ(Logs::registerCallback(Heard::hear, &heard, &handle), Logs::ok);
    Logs::fail();
    ASSERT_EQ(heard.lines.size(), 1u);
    EXPECT_THAT(heard.lines[0], testing::HasSubstr(Logs::failing));
    EXPECT_EQ(Logs::unregister(handle), Logs::ok);
    Logs::fail();
    EXPECT_EQ(heard.lines.size(), 1u);
    EXPECT_EQ(Logs::unregister(handle), Logs::invalid) << "gone";
    EXPECT_EQ(Logs::unregister(nullptr), Logs::invalid);
    EXPECT_EQ(Logs::registerCallback(nullptr, nullptr, &handle), Logs::invalid);
  }

  static void filesAreWritten() {
    Iterator from = 0;
    ASSERT_EQ(Logs::current(&from, 0), Logs::ok);
    Iterator again = from;
    Logs::fail();
    const std::string path = testing::TempDir() + "/error_log_" + std::to_string(getpid());
    ASSERT_EQ(Logs::toFile(&from, path.c_str(), 0), Logs::ok);
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    std::remove(path.c_str());
    EXPECT_EQ(text.str(), dump(&again));
    EXPECT_EQ(from, again);
    EXPECT_EQ(Logs::toFile(&from, "/no such folder/log", 0), Logs::invalid);
  }

  static void mistakesAreNamed() {
    Iterator from = 0;
    char buffer[100];
    size_t size = sizeof buffer, none = 0;
    EXPECT_EQ(Logs::current(nullptr, 0), Logs::invalid);
    EXPECT_EQ(Logs::current(&from, 1), Logs::invalid);
    EXPECT_EQ(Logs::toFile(&from, nullptr, 0), Logs::invalid);
    EXPECT_EQ(Logs::toFile(&from, "/dev/null", 1), Logs::invalid);
    EXPECT_EQ(Logs::toMemory(&from, nullptr, &size, 0), Logs::invalid);
    EXPECT_EQ(Logs::toMemory(&from, buffer, nullptr, 0), Logs::invalid);
    EXPECT_EQ(Logs::toMemory(&from, buffer, &none, 0), Logs::invalid);
    EXPECT_EQ(Logs::toMemory(&from, buffer, &size, 1), Logs::invalid);
  }
};

}  // namespace shim_test
