/* File names made from a uniqueid or sent by a client: always one safe name in the folder. */
#include <dirent.h>
#include <unistd.h>

#include "erp-drivers/file/record.h"
#include "test/fuzz/fuzz.h"
#include "worker/delivery/evidence.h"

#define SAFE "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static void
of_an_order(const char *uniqueid)
{
    char *name = file_record_name(uniqueid), *other = mem_format("%s.", uniqueid),
         *name_of_other = file_record_name(other);

    REQUIRE(strlen(name) <= FILE_NAME_MAX && *name != '.');
    REQUIRE(!name[strspn(name, SAFE "%~")]);
    REQUIRE(strcmp(name, name_of_other));
    free(name_of_other);
    free(other);
    free(name);
}

static void
of_a_client(const char *name)
{
    char *path = evidence_path("/q", name), *bytes;
    size_t length;

    if (path)
        REQUIRE(strrchr(path, '/') == path + strlen("/q/evidence") &&
                path[strlen("/q/evidence/")] != '.');
    REQUIRE(evidence_read("/nowhere", name, &bytes, &length) == -1 && !bytes);
    free(path);
}

/* A stored file is found by its name. */
static void
keep(const char *uniqueid)
{
    struct order order = {.status = ORDER_ERROR};
    struct erp_outcome outcome = {.evidence_count = 1, .evidence = {{"html", (char *)"page", 4}}};
    json_t *names;
    const char *name;
    char *bytes, *path;
    size_t length;

    text_copy(order.uniqueid, sizeof order.uniqueid, uniqueid);
    names = evidence_keep(fuzz_folder(), &order, &outcome);
    name = json_string_value(json_array_get(names, 0));
    REQUIRE(name && evidence_read(fuzz_folder(), name, &bytes, &length) == 0);
    REQUIRE(length == 4 && memcmp(bytes, "page", 4) == 0);
    path = evidence_path(fuzz_folder(), name);
    unlink(path);
    free(path);
    free(bytes);
    json_decref(names);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = take_text(&data, &size, '\0');

    fuzz_begin();
    of_an_order(text);
    of_a_client(text);
    if (*text)
        keep(text);
    free(text);
    return 0;
}
