/* The WebDriver driver's requests, by golden files; and ids from a server. */
#include "test/unit/erp-drivers/golden.h"

#include "erp-drivers/webdriver/wire.h"

static const struct {
    const char *id; /* JSON */
    const char *segment;
} ids[] = {
    {"\"f.0A1B.d.2C.e.3\"", "f.0A1B.d.2C.e.3"},
    {"\"a/../../shutdown\"", "a%2F..%2F..%2Fshutdown"},
    {"\"/../\"", "%2F..%2F"},
    {"\"..%2f\"", "..%252f"},
    {"\"a?b=c&d\"", "a%3Fb%3Dc%26d"},
    {"\"a#b\"", "a%23b"},
    {"\"%2e%2e\"", "%252e%252e"},
    {"\"it's \\\"so\\\"\"", "it%27s%20%22so%22"},
    {"\"a\\r\\nHost: b\\u007f\\\\\"", "a%0D%0AHost%3A%20b%7F%5C"},
    {"\"\xc3\xa9@[::1]:9\"", "%C3%A9%40%5B%3A%3A1%5D%3A9"},
    {"\"...\"", "..."},
    {"\".\"", NULL},
    {"\"..\"", NULL},
    {"\"\"", NULL},
    {"\"a\\u0000b\"", NULL},
    {"7", NULL},
    {"null", NULL},
    {"{}", NULL},
};

static json_t *
read_id(const char *text)
{
    json_t *id = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

    assert_non_null(id);
    return id;
}

static void
check_url(const char *id, const char *segment)
{
    struct erp_request request = {.kind = ERP_HTTP};
    char *expected = mem_format("http://driver.example:9515/session/%s/window", segment);

    wire_send(&request, "GET", "http://driver.example:9515/", id, "window", NULL);
    assert_string_equal(request.url, expected);
    free(expected);
    erp_request_clear(&request);
}

static void
test_ids(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        json_t *id = read_id(ids[i].id), *element = json_pack("{s:O}", WIRE_ELEMENT, id);

        if ((wire_id(id) == NULL) != (ids[i].segment == NULL))
            fail_msg("%s", ids[i].id);
        assert_ptr_equal(wire_element(element), wire_id(id));
        if (ids[i].segment)
            check_url(wire_id(id), ids[i].segment);
        json_decref(element);
        json_decref(id);
    }
}

static void
test_an_id_has_a_bound(void **state)
{
    char text[WIRE_ID_MAX + 2];
    json_t *id;

    (void)state;
    memset(text, 'a', sizeof text);
    text[WIRE_ID_MAX + 1] = '\0';
    id = json_string(text);
    assert_null(wire_id(id));
    json_string_setn(id, text, WIRE_ID_MAX);
    assert_non_null(wire_id(id));
    json_decref(id);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_an_id_has_a_bound),
    };

    return golden_run("webdriver", tests, sizeof tests / sizeof *tests);
}
