# cmake -DIN=FILE -DOUT=FILE -P bytes.cmake: a file's bytes as a list of numbers, for #include between braces.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "${bytes}\n")
