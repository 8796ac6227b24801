# Sets CUTRANS_PYTHON: a Python 3 whose clang.cindex finds libclang (Debian: python3-clang-22, for the system's Python).
if(NOT CUTRANS_PYTHON)
  foreach(candidate /usr/bin/python3 python3)
    execute_process(COMMAND ${candidate} -c "from clang import cindex; cindex.Index.create()" RESULT_VARIABLE failed
                    OUTPUT_QUIET ERROR_QUIET)
    if(NOT failed)
      set(CUTRANS_PYTHON ${candidate} CACHE STRING "Python 3 with clang.cindex")
      break()
    endif()
  endforeach()
endif()
if(NOT CUTRANS_PYTHON)
  message(FATAL_ERROR "No Python 3 with clang.cindex; on Debian: apt-get install python3-clang-22")
endif()
