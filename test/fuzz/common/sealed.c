/* Sealed values: a sealed value opens for its place only; foreign values do not open. Keys and
 * tokens as text. */
#include "common/config/sealed.h"
#include "test/fuzz/fuzz.h"

static unsigned char key[SECRET_KEY_BYTES];

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    memset(key, 7, sizeof key);
    return 0;
}

static void
round_trip(const char *place, const char *plain)
{
    char *sealed = sealed_make(key, place, plain), *opened = sealed_open(key, place, sealed),
         *elsewhere = mem_format("%s ", place);

    REQUIRE(opened && strcmp(opened, plain) == 0);
    REQUIRE(!sealed_open(key, elsewhere, sealed) && !sealed_open_unbound(key, sealed));
    REQUIRE(!sealed_is_unbound(sealed));
    secret_free(opened);
    free(elsewhere);
    free(sealed);
}

/* A foreign value, not sealed with this key. */
static void
open_foreign(const char *text, const uint8_t *bytes, size_t size)
{
    unsigned char *room = mem_alloc(size + 1);

    REQUIRE(!sealed_open(key, "place", text) && !sealed_open_unbound(key, text));
    REQUIRE(size < SECRET_OVERHEAD_BYTES || secret_open(key, "place", bytes, size, room));
    free(room);
}

static void
keys_and_tokens(const char *text)
{
    unsigned char parsed[SECRET_KEY_BYTES];
    char again[2 * SECRET_KEY_BYTES + 1], hash[SECRET_HASH_TEXT_BYTES], *masked;

    if (secret_key_parse(text, parsed) == 0) {
        secret_key_text(parsed, again);
        REQUIRE(strcasecmp(again, text) == 0);
    }
    secret_token_hash(text, hash);
    REQUIRE(secret_token_matches(text, hash));
    REQUIRE(!secret_token_matches("another", text));
    masked = mem_format("a%sb%s", text, text);
    secret_mask(masked, text);
    REQUIRE(strlen(masked) == 2 * strlen(text) + 2 &&
            (strlen(text) < 4 || !strstr(masked, text) || !text[strspn(text, "*ab")]));
    free(masked);
}

/* The same document gives the same place, which is always text. */
static void
place(const char *text)
{
    json_t *document = json_loads(text, 0, NULL), *again = json_deep_copy(document);
    char *one = sealed_binding(document), *other = sealed_binding(again);

    REQUIRE(strcmp(one, other) == 0);
    round_trip(one, "secret");
    free(one);
    free(other);
    json_decref(again);
    json_decref(document);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned choice = take_choice(&data, &size);
    const uint8_t *bytes = data;
    size_t length = size;
    char *text = take_text(&data, &size, '\0');

    if (choice % 4 == 0)
        round_trip("place", text);
    else if (choice % 4 == 1)
        open_foreign(text, bytes, length);
    else if (choice % 4 == 2)
        keys_and_tokens(text);
    else
        place(text);
    free(text);
    return 0;
}
