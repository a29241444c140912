/* Frames of loket.1.msgpack. */
#include "fuzz_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_frame(FRAME_MSGPACK, data, n);
    return 0;
}
