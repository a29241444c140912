/* Stands in for libFuzzer in ordinary builds: each file of the folders given is tried once. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t file_try(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        return 0;
    }
    size_t room = 1 << 21;
    uint8_t *bytes = malloc(room);
    CHECK(bytes);
    size_t n = fread(bytes, 1, room, f);
    uint8_t *exact = malloc(n ? n : 1); /* a byte read too far is seen by the sanitizer */
    CHECK(exact && fclose(f) == 0);
    for (size_t i = 0; i < n; i++) {
        exact[i] = bytes[i];
    }
    free(bytes);
    (void)LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 1;
}

int main(int argc, char **argv)
{
    size_t tried = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        struct dirent *entry;
        while (folder && (entry = readdir(folder)) != NULL) {
            char path[4096];
            if (entry->d_name[0] != '.' && snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name) < (int)sizeof path) {
                tried += file_try(path);
            }
        }
        if (folder) {
            (void)closedir(folder);
        }
    }
    (void)printf("%zu seeds tried\n", tried);
    return tried > 0 ? 0 : 1; /* a target without seeds tests nothing */
}
