# IN → a C array `loket_lua` with its length, in OUT.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(LENGTH "${hex}" digits)
math(EXPR length "${digits} / 2")
file(WRITE ${OUT} "static const unsigned char loket_lua[] = {${bytes}};\nstatic const unsigned long loket_lua_len = ${length};\n")
