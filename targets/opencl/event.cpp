// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "event.h"

#include <new>

#include "faults.h"
#include "host.h"

namespace cutrans::opencl {

void commandFailed(ct_device &device, cl_int error) {
  if (device.setFault(CT_ERR_LAUNCH)) report(Code::opencl_failed, device.found.name + ": a command failed while it ran: " + errorText(error));
}

ct_status waitFor(ct_device &device, const EventRef &event) {
  if (!event) return statusOf(device);
  const cl_event one = event.get();
  const cl_int error = cl.clWaitForEvents(1, &one);
  if (const cl_int status = error == CL_SUCCESS ? event.status() : error; status < 0) commandFailed(device, status);
  return statusOf(device);
}

ct_status statusOf(ct_device &device) {
  const ct_status status = device.status();
  if (status != CT_OK) tellFault();
  return status;
}

namespace {

ct_status create(ct_device *device, uint32_t flags, ct_event **out) {
  *out = new (std::nothrow) ct_event;
  if (!*out) return CT_ERR_OUT_OF_MEMORY;
  (*out)->device = device;
  (*out)->flags = flags;
  return CT_OK;
}

void destroy(ct_event *event) { delete event; }

ct_status query(ct_event *event) {
  if (ct_status status = statusOf(*event->device); status != CT_OK) return status;
  const cl_int status = event->get().status();
  if (status < 0) commandFailed(*event->device, status);
  return status > CL_COMPLETE ? CT_NOT_READY : statusOf(*event->device);
}

ct_status synchronize(ct_event *event) { return waitFor(*event->device, event->get()); }

ct_status timestamp(ct_event *event, uint64_t *out_ns) {
  const EventRef last = event->passed();
  cl_ulong end = 0;
  if (!last || cl.clGetEventProfilingInfo(last.get(), CL_PROFILING_COMMAND_END, sizeof end, &end, nullptr) != CL_SUCCESS) return CT_ERR_INTERNAL;
  *out_ns = end;
  return CT_OK;
}

}  // namespace

const ct_event_ops event_ops = {sizeof(ct_event_ops), create, destroy, query, synchronize, timestamp};

}  // namespace cutrans::opencl
