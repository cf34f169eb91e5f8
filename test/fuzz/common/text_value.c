/* Text from clients: normalising is idempotent, and rejected text has a reason. Also amounts and
 * slugs. */
#include "common/base/text_value.h"
#include "common/config/parts.h"
#include "common/order/order.h"
#include "supervisor/daemon/document.h"
#include "test/fuzz/fuzz.h"

static void
normalise(const char *text)
{
    char *once = text_nfc(text), *twice = text_nfc(once), *place = mem_string(text);

    REQUIRE(strcmp(once, twice) == 0);
    REQUIRE(text_same(text, once));
    text_nfc_in_place(place, strlen(place) + 1);
    REQUIRE(strcmp(place, once) == 0 || strlen(once) > strlen(text));
    free(place);
    free(twice);
    free(once);
}

static void
judge(const char *text)
{
    size_t length = strlen(text);
    const char *wrong = text_value_wrong(text, length);
    char *clean = mem_string(text);

    REQUIRE(!text_has_control(text, length) || wrong);
    REQUIRE(!length || !text_is_blank(text) || wrong);
    text_clean(clean);
    REQUIRE(!text_has_control(clean, strlen(clean)));
    free(clean);
}

static void
amount(const char *text)
{
    char plain[ORDER_VALUE_MAX + 1];

    if (strlen(text) > ORDER_VALUE_MAX || !amount_valid(text))
        return;
    amount_canonical(text, plain);
    REQUIRE(amount_valid(plain) && amount_equal(text, plain));
    REQUIRE(amount_scale(plain) == amount_scale(text) && amount_scale(text) <= 6);
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
    char *text = take_text(&data, &size, '\0'), slug[CONFIG_SLUG_MAX + 1];

    normalise(text);
    judge(text);
    amount(text);
    document_slug(text, slug);
    REQUIRE(!*slug || config_slug_sound(slug));
    free(text);
    return 0;
}
