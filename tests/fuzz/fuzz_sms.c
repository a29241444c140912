/* What arrives by text message: numbers and texts of strangers. */
#include <string.h>

#include "base/check.h"
#include "channels/sms/sms_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text t = {(const char *)data, size};
    struct sms_size s;
    char number[32], again[32];
    int err = sms_size(t, &s);
    CHECK(err == (text_is_utf8(t) ? 0 : ERR_BAD_UTF8));
    if (!err) {
        unsigned each = s.gsm7 ? 153 : 67;
        CHECK(s.parts >= 1 && s.units <= size * 2 && (s.parts == 1 || s.parts >= (s.units + each - 1) / each));
    }
    if (sms_number_normalise(t, "31", number) == 0) {
        CHECK(number[0] != '\0' && strlen(number) < sizeof number);
        CHECK(sms_number_normalise(text_of(number), "31", again) == 0 && strcmp(number, again) == 0);
    }
    return 0;
}
