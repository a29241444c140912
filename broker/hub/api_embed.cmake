# IN, the description of the API → one C array `api_openapi` with its length, in OUT.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(LENGTH "${hex}" digits)
math(EXPR length "${digits} / 2")
file(WRITE ${OUT} "static const unsigned char api_openapi[] = {${bytes}};\nstatic const unsigned long api_openapi_len = ${length};\n")
