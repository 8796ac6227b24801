// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A test that needs a second process starts its own executable again, with a filter for one disabled test that plays the other part.
// The two talk over a socket, which passes descriptors too.
#pragma once
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <string>

extern char **environ;

namespace shim_test {

inline constexpr int kParent = 100;  // the descriptor under which the other process finds its parent

template <class T>
void send(int socket, const T &value, int descriptor = -1) {
  iovec part{const_cast<T *>(&value), sizeof value};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  EXPECT_EQ(sendmsg(socket, &message, MSG_NOSIGNAL), static_cast<ssize_t>(sizeof value));
}

template <class T>
T receive(int socket, int *descriptor = nullptr) {
  T value{};
  iovec part{&value, sizeof value};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  EXPECT_EQ(recvmsg(socket, &message, MSG_CMSG_CLOEXEC), static_cast<ssize_t>(sizeof value));
  if (cmsghdr *header = CMSG_FIRSTHDR(&message); header && descriptor) std::memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
  return value;
}

class OtherProcess {
 public:
  // part: "Suite.DISABLED_Name" of this executable.
  explicit OtherProcess(const char *part) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], kParent);
    std::string filter = std::string("--gtest_filter=") + part;
    char program[] = "/proc/self/exe", disabled[] = "--gtest_also_run_disabled_tests", brief[] = "--gtest_brief=1";
    char *arguments[] = {program, filter.data(), disabled, brief, nullptr};
    EXPECT_EQ(posix_spawn(&pid_, program, &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    socket_ = ends[0];
  }
  ~OtherProcess() {
    if (pid_ > 0) EXPECT_EQ(end(), 0);
    close(socket_);
  }
  int socket() const { return socket_; }
  // Its exit status, 0 when all its expectations held.
  int end() {
    int status = -1;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    (void)end();
  }

 private:
  pid_t pid_ = -1;
  int socket_ = -1;
};

}  // namespace shim_test
