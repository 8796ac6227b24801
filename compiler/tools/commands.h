// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One function for each subcommand: adds it to the command line; its callback sets the exit status and does the work.
#pragma once

namespace CLI {
class App;
}

namespace cutrans::command {

// Exit statuses besides 0: what the command found, wrong use, and for `run` as shells and env(1) have them.
enum Exit { kFound = 1, kUsage = 2, kNoDevice = 3, kRefused = 125, kCannotRun = 126, kNotFound = 127 };

void addRun(CLI::App &app, int &exit_code);
void addDevices(CLI::App &app, int &exit_code);
void addDoctor(CLI::App &app, int &exit_code);
void addConformance(CLI::App &app, int &exit_code);
void addConfig(CLI::App &app, int &exit_code);

}  // namespace cutrans::command
