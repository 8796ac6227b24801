# Writes OUT: one row {"name", R"ptx(text)ptx"}, for each file in IN.
set(rows "")
foreach(file IN LISTS IN)
  cmake_path(GET file STEM name)
  file(READ ${file} text)
  string(APPEND rows "{\"${name}\", R\"ptx(${text})ptx\"},\n")
endforeach()
file(WRITE ${OUT} "${rows}")
