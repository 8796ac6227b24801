// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Access from one device to the memory of another. Where the target can do it at all it is always possible; what is
// kept is who has asked for it, so that asking twice is the error that CUDA makes of it.
#include "bodies.h"
#include "shim/common/context_settings.h"
#include "shim/common/device_queries.h"

namespace cutrans::cudart {

cudaError_t body::cudaDeviceCanAccessPeer(Call &, int *out, int index, int peer_index) {
  if (!out) return cudaErrorInvalidValue;
  runtime::Platform *platform = runtime::Platform::loaded();
  Result<runtime::Device *> device = platform->device(index), peer = platform->device(peer_index);
  if (!device.ok() || !peer.ok()) return cudaErrorInvalidDevice;
  *out = shim::canAccessPeer(**device, **peer);
  return cudaSuccess;
}

cudaError_t body::cudaDeviceEnablePeerAccess(Call &call, int peer_index, unsigned flags) {
  if (flags != 0) return cudaErrorInvalidValue;
  Result<runtime::Device *> peer = runtime::Platform::loaded()->device(peer_index);
  if (!peer.ok() || !shim::canAccessPeer(call.device(), **peer)) return cudaErrorInvalidDevice;
  bool fresh = shim::withSettings(*call.context,
                                  [&](shim::ContextSettings &s) { return s.peers.insert(peer_index).second; });
  return fresh ? cudaSuccess : cudaErrorPeerAccessAlreadyEnabled;
}

cudaError_t body::cudaDeviceDisablePeerAccess(Call &call, int peer_index) {
  if (!runtime::Platform::loaded()->device(peer_index).ok()) return cudaErrorInvalidDevice;
  bool was = shim::withSettings(*call.context, [&](shim::ContextSettings &s) { return s.peers.erase(peer_index) > 0; });
  return was ? cudaSuccess : cudaErrorPeerAccessNotEnabled;
}

cudaError_t body::cudaDeviceGetP2PAttribute(Call &, int *out, cudaDeviceP2PAttr attribute, int index,
                                            int peer_index) {
  runtime::Platform *platform = runtime::Platform::loaded();
  Result<runtime::Device *> device = platform->device(index), peer = platform->device(peer_index);
  if (!device.ok() || !peer.ok()) return cudaErrorInvalidDevice;
  if (!out || *device == *peer) return cudaErrorInvalidValue;
  Result<int> value = shim::peerAttribute(**device, **peer, attribute);
  if (!value.ok()) return error(value.status());
  *out = *value;
  return cudaSuccess;
}

cudaError_t body::cudaDeviceGetHostAtomicCapabilities(Call &, unsigned *out, const cudaAtomicOperation *operations, unsigned count, int index) {
  Result<runtime::Device *> device = runtime::Platform::loaded()->device(index);
  if (!device.ok()) return cudaErrorInvalidDevice;
  return error(shim::atomicCapabilities((*device)->hostCanAccess() && (*device)->canAccessHost(), operations, count, out));
}

cudaError_t body::cudaDeviceGetP2PAtomicCapabilities(Call &, unsigned *out, const cudaAtomicOperation *operations, unsigned count, int index,
                                                     int peer_index) {
  runtime::Platform *platform = runtime::Platform::loaded();
  Result<runtime::Device *> device = platform->device(index), peer = platform->device(peer_index);
  if (!device.ok() || !peer.ok() || *device == *peer) return cudaErrorInvalidDevice;
  return error(shim::atomicCapabilities(shim::canAccessPeer(**device, **peer), operations, count, out));
}

}  // namespace cutrans::cudart
