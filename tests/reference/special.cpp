// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Special registers (manual chapter 10).
#include "tests/reference/machine.h"

namespace cutrans::reference {

Bits specialRegister(const Context &c, const std::string &name) {
  const Thread &thread = c.thread;
  const Block &block = *thread.block;
  const Launch &launch = c.machine.launch;
  size_t dot = name.find('.');
  std::string base = name.substr(0, dot);
  if (dot != name.npos) {
    size_t d = std::string_view("xyzw").find(name[dot + 1]);
    if (d == 3) return base == "tid" || base.find("cta") != base.npos || base == "clusterid" ? 0 : 1;
    if (base == "tid") return thread.tid[d];
    if (base == "ntid") return launch.block[d];
    if (base == "ctaid") return block.id[d];
    if (base == "nctaid") return launch.grid[d];
    if (base == "clusterid") return block.id[d] / launch.cluster[d];
    if (base == "nclusterid") return launch.grid[d] / launch.cluster[d];
    if (base == "cluster_ctaid") return block.inCluster[d];
    if (base == "cluster_nctaid") return launch.cluster[d];
  }
  uint32_t lane = thread.lane, below = (1u << lane) - 1, warps = uint32_t(block.warps.size());
  if (base == "laneid") return lane;
  if (base == "warpid") return thread.warp->index;
  if (base == "nwarpid") return warps;
  if (base == "lanemask_eq") return 1u << lane;
  if (base == "lanemask_lt") return below;
  if (base == "lanemask_le") return below | 1u << lane;
  if (base == "lanemask_gt") return ~(below | 1u << lane);
  if (base == "lanemask_ge") return ~below;
  if (base == "cluster_ctarank") return block.rank;
  if (base == "cluster_nctarank") return block.cluster->blocks.size();
  if (base == "is_explicit_cluster") return block.cluster->blocks.size() > 1;
  if (base == "smid" || base == "gridid" || base.starts_with("envreg") || base.starts_with("pm")) return 0;
  if (base == "nsmid") return 1;
  if (base == "clock" || base == "clock64" || base == "globaltimer" || base == "globaltimer_lo") return c.machine.result.steps;
  if (base == "clock_hi" || base == "globaltimer_hi") return 0;
  if (base == "total_smem_size" || base == "aggr_smem_size") return block.shared.size();
  if (base == "dynamic_smem_size") return launch.dynamicShared;
  refuse("special register %" + name);
}

}  // namespace cutrans::reference
