/* One row a member. */
#include "common/shape/shared.h"

#include <limits.h>
#include <stddef.h>

#define DAY_S 86400

static const char *const page_kind[] = {"page", NULL};

static const struct recipe_member file_members[] = {
    {.name = "recipe", .kind = RECIPE_ONE, .required = true},
    {.name = "kind", .kind = RECIPE_CHOICE, .choices = page_kind},
    {.name = "$schema", .kind = RECIPE_TEXT},
    {.name = "name", .kind = RECIPE_TEXT},
    {.name = "about", .kind = RECIPE_TEXT},
    {.name = "timeout_s", .kind = RECIPE_SECONDS, .minimum = 1, .maximum = 600},
    {.name = "settle_s", .kind = RECIPE_SECONDS, .maximum = 600},
    {.name = "options", .kind = RECIPE_OPTIONS},
    {.name = "browser", .kind = RECIPE_BROWSER},
    {.name = "login", .section = RECIPE_IN_LOGIN, .kind = RECIPE_STEPS, .required = true},
    ORDER_SECTIONS,
    {.name = "logout", .section = RECIPE_IN_LOGOUT, .kind = RECIPE_STEPS},
    {.name = "check", .section = RECIPE_IN_CHECK, .kind = RECIPE_STEPS},
    {.name = "pieces", .section = RECIPE_IN_PIECE, .kind = RECIPE_PIECES},
    {.name = "errors", .section = RECIPE_IN_ERRORS, .kind = RECIPE_ERRORS},
};

static const struct recipe_member option_members[] = {
    {.name = "about", .kind = RECIPE_TEXT},
    {.name = "default", .kind = RECIPE_TEXT},
};

static const struct recipe_member browser_members[] = {
    {.name = "window", .kind = RECIPE_WINDOW_SIZE},
    {.name = "language", .kind = RECIPE_TEXT},
    {.name = "recycle_after_orders", .kind = RECIPE_INTEGER, .minimum = 1, .maximum = INT_MAX},
    {.name = "recycle_after_s", .kind = RECIPE_INTEGER, .minimum = 1, .maximum = 30 * DAY_S},
    {.name = "idle_s", .kind = RECIPE_INTEGER, .minimum = 1, .maximum = DAY_S},
    {.name = "page_load_s", .kind = RECIPE_INTEGER, .minimum = 1, .maximum = 600},
    {.name = "arguments", .kind = RECIPE_ARGUMENTS},
    {.name = "hosts", .kind = RECIPE_HOSTS},
};

/* --- locators --- */

static const struct recipe_member locator_members[] = {
    {.name = "css", .kind = RECIPE_CSS, .way = true},
    {.name = "xpath", .kind = RECIPE_XPATH, .way = true},
    {.name = "id", .kind = RECIPE_TEMPLATE, .way = true},
    {.name = "name", .kind = RECIPE_TEMPLATE, .way = true},
    {.name = "link", .kind = RECIPE_TEMPLATE, .way = true},
    {.name = "label", .kind = RECIPE_TEMPLATE, .way = true},
    {.name = "button", .kind = RECIPE_TEMPLATE, .way = true},
    {.name = "text", .kind = RECIPE_TEMPLATE, .about = "its visible text is this"},
    {.name = "contains", .kind = RECIPE_TEMPLATE, .about = "its visible text contains this"},
    {.name = "nth", .kind = RECIPE_INTEGER, .minimum = 1, .maximum = INT_MAX},
    {.name = "in", .kind = RECIPE_LOCATOR},
    {.name = "visible", .kind = RECIPE_BOOL},
};

/* JavaScript's. */
#define MATCHES                                                                                    \
    {                                                                                              \
        .name = "matches", .kind = RECIPE_REGEX, .way = true                                       \
    }

static const struct recipe_member test_members[] = {
    {.name = "of", .kind = RECIPE_LOCATOR, .required = true},
    COMPARISONS,
    MATCHES,
    {.name = "exact",
     .kind = RECIPE_BOOL,
     .about = "with text: compare spaces too; a value is always compared this way"},
};

static const struct recipe_member variable_test_members[] = {
    {.name = "text", .kind = RECIPE_TEMPLATE, .required = true},
    COMPARISONS,
    MATCHES,
};

static const struct recipe_member url_test_members[] = {
    COMPARISONS,
    MATCHES,
};

static const struct recipe_member condition_members[] = {
    {.name = "present", .kind = RECIPE_LOCATOR, .way = true},
    {.name = "visible", .kind = RECIPE_LOCATOR, .way = true},
    {.name = "gone", .kind = RECIPE_LOCATOR, .way = true},
    {.name = "left", .kind = RECIPE_TEMPLATE, .way = true},
    {.name = "text", .kind = RECIPE_TEXT_TEST, .way = true},
    {.name = "value", .kind = RECIPE_VALUE_TEST, .way = true},
    {.name = "variable", .kind = RECIPE_VARIABLE_TEST, .way = true},
    {.name = "url", .kind = RECIPE_URL_TEST, .way = true},
    {.name = "equal", .kind = RECIPE_PAIR, .way = true},
    {.name = "expression", .kind = RECIPE_CODE, .way = true},
    {.name = "dialog", .kind = RECIPE_DIALOG, .way = true},
    {.name = "windows", .kind = RECIPE_INTEGER, .way = true, .minimum = 1, .maximum = 100},
    {.name = "all", .kind = RECIPE_CONDITIONS, .way = true},
    {.name = "any", .kind = RECIPE_CONDITIONS, .way = true},
    {.name = "not", .kind = RECIPE_CONDITION, .way = true},
    {.name = "as", .kind = RECIPE_CHOICE, .choices = equal_as, .beside = "equal"},
    {.name = "args", .kind = RECIPE_TEMPLATES, .beside = "expression"},
};

static const struct recipe_member rule_members[] = {
    {.name = "present", .kind = RECIPE_LOCATOR, .way = true},
    {.name = "visible", .kind = RECIPE_LOCATOR, .way = true},
    {.name = "text", .kind = RECIPE_TEMPLATE, .way = true},
    {.name = "dialog", .kind = RECIPE_TEMPLATE, .way = true},
    {.name = "when", .kind = RECIPE_CONDITION, .way = true},
    {.name = "in", .kind = RECIPE_LOCATOR, .beside = "text"},
    {.name = "code", .kind = RECIPE_REASON, .required = true},
    {.name = "words", .kind = RECIPE_LOCATOR_OR_T},
    {.name = "at_once", .kind = RECIPE_BOOL, .about = "also checked while a step waits"},
    {.name = "about", .kind = RECIPE_TEXT},
};

static const char *const decimal_signs[] = {".", ",", NULL};
static const char *const group_signs[] = {".", ",", " ", "'", "", NULL};

static const struct recipe_member number_members[] = {
    {.name = "decimal", .kind = RECIPE_CHOICE, .choices = decimal_signs},
    {.name = "group", .kind = RECIPE_CHOICE, .choices = group_signs},
};

static const struct recipe_member found_members[] = {
    {.name = "reference", .kind = RECIPE_TEMPLATE, .required = true},
    {.name = "product_nr", .kind = RECIPE_TEMPLATE, .required = true},
    {.name = "amount", .kind = RECIPE_TEMPLATE, .required = true},
    {.name = "worksheet", .kind = RECIPE_TEMPLATE},
    {.name = "words", .kind = RECIPE_TEMPLATE, .about = "shown with a line that is as ordered"},
    {.name = "number", .kind = RECIPE_NUMBER},
};

/* --- steps --- */

static const struct recipe_member step_members[] = {
    {.name = "name", .kind = RECIPE_TEXT, .about = "shown in reasons"},
    {.name = "about", .kind = RECIPE_TEXT, .about = "a comment"},
    {.name = "timeout_s", .kind = RECIPE_SECONDS, .maximum = 600, .about = "this step's deadline"},
    {.name = "optional", .kind = RECIPE_BOOL, .about = "a failure of this step is ignored"},
};

static const char *const window_words[] = {"new", "main", "close", NULL};
static const char *const dialog_words[] = {"accept", "dismiss", NULL};
static const char *const select_by[] = {"text", "value", NULL};

static const struct recipe_member goto_members[] = {
    {.name = "goto",
     .kind = RECIPE_URL,
     .required = true,
     .about = "opens a URL, absolute or relative to erp.url"},
};
static const struct recipe_member frame_members[] = {
    {.name = "frame",
     .kind = RECIPE_FRAME,
     .required = true,
     .about = "\"top\", a frame's name or id, a locator, or a path of them from the top document"},
};
static const struct recipe_member window_members[] = {
    {.name = "window",
     .kind = RECIPE_CHOICE,
     .required = true,
     .choices = window_words,
     .about = "new: waits for a window and enters it; main: back; close: closes this one, back to "
              "the main one"},
};
static const struct recipe_member wait_members[] = {
    {.name = "wait",
     .kind = RECIPE_CONDITION,
     .required = true,
     .about = "until the condition holds"},
};
static const struct recipe_member click_members[] = {
    {.name = "click",
     .kind = RECIPE_LOCATOR,
     .required = true,
     .about = "an element that is visible, enabled and not covered"},
    {.name = "navigates", .kind = RECIPE_BOOL, .about = "waits until another page is there"},
};
static const struct recipe_member type_members[] = {
    {.name = "type",
     .kind = RECIPE_TYPED,
     .required = true,
     .about = "into an element, with native keys"},
    {.name = "into", .kind = RECIPE_LOCATOR, .required = true},
    {.name = "clear", .kind = RECIPE_BOOL},
};
static const struct recipe_member clear_members[] = {
    {.name = "clear", .kind = RECIPE_LOCATOR, .required = true, .about = "empties an element"},
};
static const struct recipe_member press_members[] = {
    {.name = "press",
     .kind = RECIPE_KEYS,
     .required = true,
     .about = "a key, with modifiers: Ctrl+S"},
    {.name = "in", .kind = RECIPE_LOCATOR},
    {.name = "navigates", .kind = RECIPE_BOOL, .about = "waits until another page is there"},
};
static const struct recipe_member select_members[] = {
    {.name = "select",
     .kind = RECIPE_TEMPLATE,
     .required = true,
     .about = "an option of a select element"},
    {.name = "in", .kind = RECIPE_LOCATOR, .required = true},
    {.name = "by", .kind = RECIPE_CHOICE, .choices = select_by},
};
static const struct recipe_member check_members[] = {
    {.name = "check",
     .kind = RECIPE_LOCATOR,
     .required = true,
     .about = "a checkbox or radio button: clicks only if needed"},
    {.name = "on", .kind = RECIPE_BOOL},
};
static const struct recipe_member read_members[] = {
    {.name = "read",
     .kind = RECIPE_PAGE,
     .required = true,
     .about = "a text, value, attribute, number of elements, or the page's url, title or identity, "
              "into a variable"},
    {.name = "what", .kind = RECIPE_WHAT},
    {.name = "exact", .kind = RECIPE_BOOL},
    {.name = "match", .kind = RECIPE_REGEX},
    {.name = "number", .kind = RECIPE_NUMBER},
    {.name = "into", .kind = RECIPE_NAME, .required = true},
};
static const struct recipe_member when_members[] = {
    {.name = "when", .kind = RECIPE_CONDITION, .required = true, .about = "then or else"},
    {.name = "then", .kind = RECIPE_STEPS},
    {.name = "else", .kind = RECIPE_STEPS},
    {.name = "within_s", .kind = RECIPE_SECONDS, .maximum = 600},
};
static const struct recipe_member each_members[] = {
    {.name = "each",
     .kind = RECIPE_LOCATOR,
     .required = true,
     .about = "the rows where the condition holds"},
    {.name = "where", .kind = RECIPE_ROW_CONDITION},
    {.name = "do", .kind = RECIPE_ROW_STEPS, .required = true},
    {.name = "none", .kind = RECIPE_STEPS},
    {.name = "only", .kind = RECIPE_BOOL},
    {.name = "within_s", .kind = RECIPE_SECONDS, .maximum = 600},
};
static const struct recipe_member list_members[] = {
    {.name = "list",
     .kind = RECIPE_LOCATOR,
     .required = true,
     .about = "the values of all rows where the condition holds, in one variable"},
    {.name = "where", .kind = RECIPE_ROW_CONDITION},
    {.name = "of", .kind = RECIPE_ROW_LOCATORS},
    {.name = "into", .kind = RECIPE_NAME, .required = true},
};
static const struct recipe_member unchanged_members[] = {
    {.name = "unchanged",
     .kind = RECIPE_PAIR,
     .required = true,
     .about = "two lists are equal; after the commit, a difference is reported with the line that "
              "was found"},
    {.name = "words", .kind = RECIPE_TEMPLATE},
};
static const struct recipe_member dialog_members[] = {
    {.name = "dialog",
     .kind = RECIPE_CHOICE,
     .required = true,
     .choices = dialog_words,
     .about = "answers alert, confirm or prompt"},
    {.name = "contains", .kind = RECIPE_TEMPLATE},
    {.name = "type", .kind = RECIPE_TEMPLATE},
};
static const struct recipe_member script_members[] = {
    {.name = "script", .kind = RECIPE_CODE, .required = true, .about = "JavaScript in the page"},
    {.name = "args", .kind = RECIPE_TEMPLATES},
    {.name = "into", .kind = RECIPE_NAME},
};

/* A verb comes before those whose names are also members of it: a dialog can be typed into, and
 * what is typed into can be cleared first. */
static const struct recipe_verb_row verbs[] = {
    {.shape = SHAPE(dialog_members), .acts = true},
    /* An old page may save by its URL. */
    {.shape = SHAPE(goto_members), .acts = true},
    {.shape = SHAPE(frame_members)},
    {.shape = SHAPE(window_members)},
    {.shape = SHAPE(wait_members)},
    {.shape = SHAPE(click_members), .acts = true},
    {.shape = SHAPE(type_members), .acts = true},
    {.shape = SHAPE(clear_members), .acts = true},
    {.shape = SHAPE(press_members), .acts = true},
    {.shape = SHAPE(select_members), .acts = true},
    {.shape = SHAPE(check_members), .acts = true},
    {.shape = SHAPE(read_members)},
    {.shape = SHAPE(set_members)},
    {.shape = SHAPE(assert_members)},
    {.shape = SHAPE(when_members)},
    {.shape = SHAPE(each_members)},
    {.shape = SHAPE(list_members)},
    {.shape = SHAPE(unchanged_members),
     .sections = RECIPE_IN_CREATE | RECIPE_IN_COMMIT | RECIPE_IN_VERIFY | RECIPE_IN_PIECE},
    {.shape = SHAPE(script_members), .acts = true},
    {.shape = SHAPE(call_members)},
    {.shape = SHAPE(found_step_members),
     .sections = RECIPE_IN_LOOKUP | RECIPE_IN_VERIFY | RECIPE_IN_PIECE},
    {.shape = SHAPE(known_members), .sections = RECIPE_IN_CHECK | RECIPE_IN_PIECE},
    {.shape = SHAPE(fail_members)},
};

static const struct recipe_shape shapes[] = {
    [RECIPE_OBJECT_FILE] = SHAPE(file_members),
    [RECIPE_OBJECT_OPTION] = SHAPE(option_members),
    [RECIPE_OBJECT_BROWSER] = SHAPE(browser_members),
    [RECIPE_OBJECT_LOCATOR] = SHAPE(locator_members),
    [RECIPE_OBJECT_TEST] = SHAPE(test_members),
    [RECIPE_OBJECT_VARIABLE_TEST] = SHAPE(variable_test_members),
    [RECIPE_OBJECT_URL_TEST] = SHAPE(url_test_members),
    [RECIPE_OBJECT_CONDITION] = SHAPE(condition_members),
    [RECIPE_OBJECT_RULE] = SHAPE(rule_members),
    [RECIPE_OBJECT_NUMBER] = SHAPE(number_members),
    [RECIPE_OBJECT_FOUND] = SHAPE(found_members),
    [RECIPE_OBJECT_STEP] = SHAPE(step_members),
};

const struct recipe_shape *
recipe_shape(enum recipe_object object)
{
    return object < RECIPE_OBJECT_HTTP_FILE ? &shapes[object] : recipe_http_shape(object);
}

const struct recipe_verb_row *
recipe_verb_row(bool http, size_t i)
{
    if (http)
        return recipe_http_verb(i);
    return i < sizeof verbs / sizeof *verbs ? &verbs[i] : NULL;
}

const struct recipe_verb_row *
recipe_verb_find(bool http, const json_t *step)
{
    const struct recipe_verb_row *row;

    for (size_t i = 0; (row = recipe_verb_row(http, i)); i++)
        if (json_object_get(step, row->shape.members->name))
            return row;
    return NULL;
}
