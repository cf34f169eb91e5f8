/* Members of a workshop's file: name, listen, api_tokens. */
#include "test/unit/common/config/config_files.h"

static void
test_names(void **state)
{
    static const char *const files[] = {"shops/Upper.json", "shops/a_b.json", "shops/-a.json",
                                        "shops/a b.json", "shops/\xff.json"};
    static const char *const names[] = {"\"\"",   "\" \"",        "5",
                                        "null",   "\"a\\nb\"",    "\"a\\u009bb\"",
                                        "\" A\"", "\"A\\u00a0\"", "\"A\\u200b\""};
    char document[600], name[200];
    json_t *list;

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_file(files[i], BENNY "}");
        assert_null(load());
        assert_int_equal(faults.count, 1);
        assert_non_null(strstr(faults.items[0].text, "slug"));
        list = json_faults_json(&faults); /* valid JSON even if a name is not UTF-8 */
        assert_int_equal(json_array_size(list), 1);
        json_decref(list);
        snprintf(document, sizeof document, "%s/%s", folder, files[i]);
        unlink(document);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(document, sizeof document,
                 "{\"workshop\":%s,\"listen\":\"127.0.0.1:1\"," FILE_ERP "}", names[i]);
        expect_one(document, "/workshop", "");
    }
    memset(name, 'x', sizeof name);
    name[ORDER_VALUE_MAX + 1] = '\0';
    snprintf(document, sizeof document,
             "{\"workshop\":\"%s\",\"listen\":\"127.0.0.1:1\"," FILE_ERP "}", name);
    expect_one(document, "/workshop", "1 to 128 bytes");
}

static void
test_listen(void **state)
{
    static const char *const bad[] = {"",
                                      "8101",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:0",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:+1",
                                      "localhost:1",
                                      "127.0.0.1:1x",
                                      ":8101",
                                      "127.1:1",
                                      "[::1]",
                                      "[::1:1",
                                      "::1:8101",
                                      "[127.0.0.1]:1",
                                      "1.2.3.4.5:1",
                                      "127.0.0.1:1:2",
                                      "[]:1",
                                      "[::1]x:1"};
    char document[512];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(document, sizeof document, "{\"workshop\":\"A\",\"listen\":\"%s\"," FILE_ERP "}",
                 bad[i]);
        write_file("shops/x.json", document);
        if (load())
            fail_msg("taken: %s", bad[i]);
        expect_fault("shops/x.json", "/listen", "");
    }
}

static void
test_open_to_the_network(void **state)
{
    (void)state;
    expect_one("{\"workshop\":\"A\",\"listen\":\"0.0.0.0:1\"," FILE_ERP "}", "/listen",
               "requires api_tokens");
    expect_one("{\"workshop\":\"A\",\"listen\":\"[::]:1\",\"api_tokens\":[]," FILE_ERP "}",
               "/listen", "requires api_tokens");
    expect_sound(
        "{\"workshop\":\"A\",\"listen\":\"0.0.0.0:1\",\"allow_unauthenticated\":true," FILE_ERP
        "}");
    expect_sound(
        "{\"workshop\":\"A\",\"listen\":\"[::]:1\",\"api_tokens\":[{\"scope\":\"order\","
        "\"hash\":\"0123456789012345678901234567890123456789012345678901234567890123\"}]," FILE_ERP
        "}");
    expect_sound("{\"workshop\":\"A\",\"listen\":\"127.9.9.9:1\"," FILE_ERP "}");
}

#define ZEROS "000000000000000000000000000000000000000000000000000000000000000"

static void
tokens_have_valid_hashes_and_unique_names(void **state)
{
    static const char begin[] = "{\"workshop\":\"A\",\"listen\":\"127.0.0.1:1\"," FILE_ERP
                                ",\"api_tokens\":[{\"scope\":\"order\",\"hash\":\"" ZEROS;
    static const struct {
        const char *rest, *pointer, *text;
    } cases[] = {
        {"a\"},{\"scope\":\"order\",\"hash\":\"" ZEROS "b\"}]}", NULL, NULL},
        {"A\"}]}", "/api_tokens/0/hash", "0-9 and a-f"},
        {"g\"}]}", "/api_tokens/0/hash", "0-9 and a-f"},
        {"\"}]}", "/api_tokens/0/hash", "exactly 64"},
        {"a\",\"name\":\"n\"},{\"scope\":\"manage\",\"hash\":\"" ZEROS "b\",\"name\":\"n\"}]}",
         "/api_tokens/1/name", "another token"},
        {"a\",\"name\":\"n\"},{\"scope\":\"manage\",\"hash\":\"" ZEROS "b\",\"name\":\"N\"}]}",
         NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char document[1024];

        snprintf(document, sizeof document, "%s%s", begin, cases[i].rest);
        if (cases[i].pointer)
            expect_one(document, cases[i].pointer, cases[i].text);
        else
            expect_sound(document);
    }
}

/* The check is not quadratic, and the number of workshops is limited. */
static void
the_number_of_tokens_is_limited(void **state)
{
    json_t *document =
        json_pack("{s:s s:s s:{s:s s:s} s:[]}", "workshop", "A", "listen", "127.0.0.1:1", "erp",
                  "system", "file", "folder", "/f", "api_tokens");
    json_t *tokens = json_object_get(document, "api_tokens");
    char *text;

    (void)state;
    for (int i = 0; i < 40000; i++)
        json_array_append_new(tokens, json_pack("{s:i}", "x", i));
    text = json_dumps(document, JSON_COMPACT);
    write_file("shops/a.json", text);
    assert_null(load());
    expect_fault("shops/a.json", "/api_tokens", "more than 1000");
    free(text);
    json_decref(document);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_names),
        TEST(test_listen),
        TEST(test_open_to_the_network),
        TEST(tokens_have_valid_hashes_and_unique_names),
        TEST(the_number_of_tokens_is_limited),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
