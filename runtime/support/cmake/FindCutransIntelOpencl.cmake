# Where Intel's OpenCL runtime for CPUs is, for tests only: the second implementation beside PoCL. ./bootstrap unpacks its wheels; its libraries
# find each other by their own folder.
# Sets CUTRANS_INTEL_OPENCL_ICD, the folder for OCL_ICD_VENDORS; and CUTRANS_INTEL_OPENCL_ENVIRONMENT, what tests on it need.
set(CUTRANS_INTEL_OPENCL ${CMAKE_SOURCE_DIR}/.cache/intel-opencl CACHE PATH "The folder into which ./bootstrap unpacked the wheels")
set(CUTRANS_INTEL_OPENCL_ICD "")
if(EXISTS ${CUTRANS_INTEL_OPENCL}/libintelocl.so)
  set(CUTRANS_INTEL_OPENCL_ICD ${CMAKE_BINARY_DIR}/intel-opencl-vendors)
  file(WRITE ${CUTRANS_INTEL_OPENCL_ICD}/intel.icd "${CUTRANS_INTEL_OPENCL}/libintelocl.so\n")
  set(CUTRANS_INTEL_OPENCL_ENVIRONMENT "OCL_ICD_VENDORS=${CUTRANS_INTEL_OPENCL_ICD}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CutransIntelOpencl REQUIRED_VARS CUTRANS_INTEL_OPENCL_ICD)
