/* Names that a process asks for. */
#include "test/unit/supervisor/child/child.h"

/* Only names in its configuration: others could leak data to a name server. */
static void
names_are_those_of_its_configuration(void **state)
{
    struct fixture *f = *state;

    f->webdriver_url = "http://Browsers.example:9515/";
    child_start(f->child);
    heard(f);
    say(f, "{\"type\":\"resolve\",\"id\":1,\"name\":\"secret.attacker.example\"}\n");
    assert_non_null(strstr(heard(f), "is not in the workshop's configuration"));
    assert_true(LIST_EMPTY(&f->child->lookups));
    say(f, "{\"type\":\"resolve\",\"id\":2,\"name\":\"browsers.example\"}\n");
    assert_non_null(
        strstr(heard(f), "\"id\":2,\"addresses\":[],\"error\":\"/nowhere/worker: No such"));
    for (int i = 0; i < 10; i++)
        say(f, "{\"type\":\"resolve\",\"id\":3,\"name\":\"browsers.example\"}\n");
    assert_non_null(strstr(heard(f), "too many name lookups"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_are_those_of_its_configuration),
    };

    prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
